import DatasetSearch
import Localization
import Photos

/// What a segmentation network sees in a photo: values only, nothing is drawn.
package struct SegmentationLook: Sendable {
    let prepared: PreparedPhoto
    let model: LoadedModel
    /// The class of each pixel of the bitmap.
    let segmentation: SemanticSegmentation
    /// Largest first, without background.
    let segments: [SemanticSegmentation.Segment]
    let units: Result<UnitPeaks, DatasetSearchError>?
    /// Milliseconds by step.
    let steps: [String: Double]

    /// The object of a class; nil where no class is named and there is nothing but background.
    func cutOut(_ classIndex: Int?) throws(LocalizationError) -> CutOut? {
        guard let chosen = classIndex ?? segments.first?.classIndex else { return nil }
        let bitmap = prepared.photo.bitmap
        let mask =
            if let segment = segments.first(where: { $0.classIndex == chosen }) { segment.mask } else {
                try PixelMask(
                    width: bitmap.width, height: bitmap.height,
                    pixels: [Bool](repeating: false, count: bitmap.width * bitmap.height))
            }
        return CutOut(prepared: prepared, model: model, scores: nil, classIndex: chosen, mask: mask)
    }
}
