import DatasetSearch
import Execution
import Foundation
import Interpretation
import Localization
import Networks
import Photos
import Tensors
import WireProtocol

/// A photo's bytes → what a segmentation network sees in it: the class of each pixel, boxes, and the mask as a picture.
struct PhotoSegmenter: Sendable {
    let model: LoadedModel
    /// Whether to read what the units answer, from the same pass.
    var readsUnits = false

    struct Result: Sendable {
        let prepared: PreparedPhoto
        let segments: [SemanticSegmentation.Segment]
        let segmentation: Sidecar.Segmentation
        let boxes: [Sidecar.Box]
        /// The mask as a JPEG file, each class in its colour.
        let mask: Data
        let peaks: UnitPeaks?
        /// By step.
        let milliseconds: [String: Double]
    }

    static let method = "segmentation"

    /// - Throws: `PhotoError`, `LocalizationError`, `ModelStoreError`.
    func segment(_ data: Data) async throws -> Result {
        let watch = Stopwatch()
        let prepared = try PreparedPhoto(data, for: model)
        let decode = watch.lap()
        let (scores, peaks) = try await scores(of: prepared.input.tensor)
        let forward = watch.lap()
        let segmentation = try segmentation(scores, prepared)
        let background = model.backgroundClasses
        let segments = try segmentation.segments(background: background)
        let explain = watch.lap()
        let mask = try JPEGEncoder.encode(picture(segmentation, background), quality: 95)
        let document = Sidecar.Segmentation(
            model: .init(name: model.name, sha256: model.sha256),
            segments: try segments.map { try describe($0, prepared) })
        return Result(
            prepared: prepared, segments: segments, segmentation: document,
            boxes: segments.flatMap { segment in
                segment.parts.map { part in
                    Sidecar.Box(
                        label: model.labels[segment.classIndex],
                        score: Double(part.probability).rounded(toPlaces: 4),
                        bbox: prepared.boundingBox(PixelRectangle(part.box)), method: Self.method)
                }
            }.sorted { $0.bbox.width * $0.bbox.height > $1.bbox.width * $1.bbox.height },
            mask: mask, peaks: peaks,
            milliseconds: ["decode": decode, "forward": forward, "explain": explain, "render": watch.lap()])
    }

    private func scores(of input: Tensor) async throws -> (Tensor, UnitPeaks?) {
        try await model.network.session.perform { (evaluator) throws(any Error) in
            let kept = readsUnits ? model.indexedLayers.map(\.value) : []
            let pass = try evaluator.forward([input], keeping: kept)
            return (try pass.output(0), readsUnits ? try model.unitPeaks { try pass.value($0) } : nil)
        }
    }

    /// At the bitmap's resolution.
    private func segmentation(_ scores: Tensor, _ prepared: PreparedPhoto) throws -> SemanticSegmentation {
        let bitmap = prepared.photo.bitmap
        let geometry = try prepared.input.geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        let extents = scores.shape.dimensions
        guard extents.count == 4 else {
            throw LocalizationError.sizeMismatch(
                "segmentation needs score maps [1,C,h,w], this network gave \(scores.shape)")
        }
        func axis(_ scale: Double, _ offset: Double, _ map: Int, _ input: Int) -> SemanticSegmentation.Axis {
            let ratio = Double(map) / Double(input)
            return SemanticSegmentation.Axis(scale: scale * ratio, offset: offset * ratio)
        }
        return try SemanticSegmentation(
            scores, as: model.segmentationScores, width: bitmap.width, height: bitmap.height,
            columns: axis(geometry.scaleX, geometry.offsetX, extents[3], geometry.inputWidth),
            rows: axis(geometry.scaleY, geometry.offsetY, extents[2], geometry.inputHeight))
    }

    private func describe(
        _ segment: SemanticSegmentation.Segment, _ prepared: PreparedPhoto
    ) throws -> Sidecar.Segmentation.Segment {
        let full = try segment.mask.resized(width: prepared.photo.width, height: prepared.photo.height)
        return Sidecar.Segmentation.Segment(
            label: model.labels[segment.classIndex], color: ClassPalette.color(of: segment.classIndex).hex,
            area: (Double(full.area) / Double(max(full.pixels.count, 1))).rounded(toPlaces: 4),
            mask: .init(size: [full.height, full.width], counts: full.runLengths))
    }

    /// Black is background, and what the network did not see.
    private func picture(_ segmentation: SemanticSegmentation, _ background: Set<Int>) throws -> Bitmap {
        let colors = (0..<segmentation.classCount).map { index in
            background.contains(index) ? RGBColor.black : ClassPalette.color(of: index)
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(segmentation.classes.count * 3)
        for index in segmentation.classes {
            let color = index.map { colors[$0] } ?? .black
            pixels.append(contentsOf: [color.red, color.green, color.blue])
        }
        return try Bitmap(width: segmentation.width, height: segmentation.height, pixels: pixels)
    }
}

extension PixelRectangle {
    init(_ box: PixelBox) {
        self.init(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height))
    }
}

extension LoadedModel {
    /// Classes that mean "nothing to find".
    var backgroundClasses: Set<Int> {
        var classes = Set(labels.indices.filter(isBackground))
        if case .ofObject = segmentationScores { classes.insert(0) }
        return classes
    }

    /// How the first output of a segmentation network is to be read.
    var segmentationScores: SemanticSegmentation.Scores {
        guard hasSingleMap, let output = network.graph.outputs.first else { return .perClass }
        if case .activation(.sigmoid)? = network.graph.producers()[output]?.operation {
            return .ofObject(isProbability: true)
        }
        return .ofObject(isProbability: false)
    }
}

extension RGBColor {
    /// `#rrggbb`.
    fileprivate var hex: String { String(format: "#%02x%02x%02x", Int(red), Int(green), Int(blue)) }
}
