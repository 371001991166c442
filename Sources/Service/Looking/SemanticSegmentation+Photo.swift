import Localization
import Photos
import Tensors

extension SemanticSegmentation {
    /// At the bitmap's resolution, without what the photo's file does not have.
    ///
    /// - Parameter scores: score maps [1,C,h,w] over the network's input.
    /// - Throws: `PhotoError`, `LocalizationError`.
    init(_ scores: Tensor, as kind: Scores, over prepared: PreparedPhoto) throws {
        try self.init(scores, as: kind, of: prepared.input, over: prepared.photo.bitmap)
        if let missing = prepared.photo.missing { clear(PixelBox(missing)) }
    }

    /// At the bitmap's resolution.
    ///
    /// - Parameters:
    ///   - scores: score maps [1,C,h,w] over the input.
    ///   - input: made of the bitmap.
    /// - Throws: `PhotoError`, `LocalizationError`.
    init(_ scores: Tensor, as kind: Scores, of input: NetworkInput, over bitmap: Bitmap) throws {
        let geometry = try input.geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        let extents = scores.shape.dimensions
        guard extents.count == 4 else {
            throw LocalizationError.sizeMismatch(
                "segmentation needs score maps [1,C,h,w], this network gave \(scores.shape)")
        }
        func axis(_ scale: Double, _ offset: Double, _ map: Int, _ input: Int) -> Axis {
            let ratio = Double(map) / Double(input)
            return Axis(scale: scale * ratio, offset: offset * ratio)
        }
        try self.init(
            scores, as: kind, width: bitmap.width, height: bitmap.height,
            columns: axis(geometry.scaleX, geometry.offsetX, extents[3], geometry.inputWidth),
            rows: axis(geometry.scaleY, geometry.offsetY, extents[2], geometry.inputHeight))
    }
}
