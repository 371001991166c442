import Digests
import Execution
import Foundation
import Interpretation
import Localization
import Photos
import Tensors
import WireProtocol

/// Answers `segment`: the object cut out along its colours, from its saliency.
struct SegmentRequest: Sendable {
    let models: ModelStore
    let interpreter: PhotoInterpreter

    /// Long side of the picture the graph cut works on, in pixels: finer than the saliency is.
    static let workingLongSide = 256.0

    func segment(_ parameters: SegmentParameters) async throws -> SegmentResult {
        let model = try models.requested(parameters.model)
        let classIndex = try parameters.classLabel.map { try model.classIndex(requested: $0) }
        let (bytes, name) = try await source(parameters)
        do {
            if model.task == .segmentation {
                return try await segment(
                    bytes, name, classIndex, PhotoSegmenter(model: model), withImages: parameters.images == true)
            }
            let prepared = try PreparedPhoto(bytes, for: model)
            let (photo, input) = (prepared.photo, prepared.input)
            let judgement = try await Judge(model: model)
                .judge(input, of: photo.bitmap, preprocessor: prepared.preprocessor, classIndex: classIndex)
            let mask = try mask(of: photo.bitmap, judgement, input)
            return try result(
                photo, bytes, name, model, predictions: interpreter.predictions(judgement.scores, model),
                classIndex: judgement.classIndex, mask, withImages: parameters.images == true)
        } catch let error as PhotoError {
            throw RPCError.unreadable(photo: name ?? "the photo", reason: error.code, message: "\(error)")
        }
    }

    /// By a segmentation network: the class asked for, or the one that covers most of the photo.
    private func segment(
        _ bytes: Data, _ name: String?, _ classIndex: Int?, _ segmenter: PhotoSegmenter, withImages: Bool
    ) async throws -> SegmentResult {
        let result = try await segmenter.segment(bytes)
        let (photo, model) = (result.prepared.photo, segmenter.model)
        let chosen = classIndex ?? result.segments.first?.classIndex
        guard let chosen else {
            throw RPCError(.noSuchClass, "model '\(model.name)' sees nothing but background; name a class with --class")
        }
        let empty = [Bool](repeating: false, count: photo.bitmap.width * photo.bitmap.height)
        let mask =
            try result.segments.first { $0.classIndex == chosen }?.mask
            ?? PixelMask(width: photo.bitmap.width, height: photo.bitmap.height, pixels: empty)
        return try self.result(
            photo, bytes, name, model, predictions: [], classIndex: chosen, mask, withImages: withImages)
    }

    private func source(_ parameters: SegmentParameters) async throws -> (bytes: Data, name: String?) {
        switch (parameters.photo, parameters.jpeg) {
        case (let path?, nil):
            guard path.hasPrefix("/") else {
                throw RPCError(.invalidParameters, "segment: 'photo' should be an absolute path, got '\(path)'")
            }
            return (try await PhotoFile.readForRequest(path), URL(filePath: path).lastPathComponent)
        case (nil, let bytes?): return (bytes, nil)
        default: throw RPCError(.invalidParameters, "segment: give exactly one of 'photo' and 'jpeg'")
        }
    }

    /// The mask at working resolution.
    private func mask(of bitmap: Bitmap, _ judgement: Judgement, _ input: NetworkInput) throws -> PixelMask {
        let scale = min(1, Self.workingLongSide / Double(max(bitmap.width, bitmap.height)))
        let width = max(Int((Double(bitmap.width) * scale).rounded()), 1)
        let height = max(Int((Double(bitmap.height) * scale).rounded()), 1)
        let small = try bitmap.resized(toWidth: width, height: height, filter: .bilinear)
        let region = try input.geometry.onPhoto(width: width, height: height).visibleRegion
        let map = try PlacedSaliency(judgement.saliency, region: region, width: width, height: height).map
        return try SaliencySegmentation().mask(rgb: small.pixels, map: map)
    }

    private func result(
        _ photo: DecodedPhoto, _ bytes: Data, _ name: String?, _ model: LoadedModel,
        predictions: [Sidecar.Prediction], classIndex: Int, _ mask: PixelMask, withImages: Bool
    ) throws -> SegmentResult {
        let full = try mask.resized(width: photo.width, height: photo.height)
        let label = model.labels[classIndex]
        let box = full.box.map {
            BoundingBox(x: Double($0.x), y: Double($0.y), width: Double($0.width), height: Double($0.height))
        }
        var images: SegmentResult.Images?
        if withImages {
            let shown = try mask.resized(width: photo.bitmap.width, height: photo.bitmap.height)
            let heat = Tensor(shape: try Shape([shown.height, shown.width])) { values in
                for index in values.indices { values[index] = shown.pixels[index] ? 1 : 0 }
            }
            let rectangle = shown.box.map {
                OverlayBox(
                    x: Double($0.x), y: Double($0.y), width: Double($0.width), height: Double($0.height), caption: label
                )
            }
            images = SegmentResult.Images(
                mask: try JPEGEncoder.encode(
                    GreyBitmap(
                        width: shown.width, height: shown.height, pixels: shown.pixels.map { $0 ? 255 : 0 })),
                overlay: try JPEGEncoder.encode(
                    interpreter.overlay.render(
                        photo: photo.bitmap, heatMap: heat, boxes: rectangle.map { [$0] } ?? [], headline: label)))
        }
        return SegmentResult(
            photo: Sidecar.Photo(
                file: name, width: photo.width, height: photo.height, sha256: SHA256.hexDigest(of: bytes)),
            model: Sidecar.Model(name: model.name, sha256: model.sha256),
            predictions: predictions, classLabel: label, bbox: box,
            mask: SegmentResult.RunLengths(size: [full.height, full.width], counts: full.runLengths),
            area: (Double(full.area) / Double(max(full.pixels.count, 1))).rounded(toPlaces: 4), images: images)
    }
}

/// A saliency map over the whole picture; what the network did not see counts as 0.
private struct PlacedSaliency {
    let map: Tensor

    init(_ saliency: Tensor, region: PixelRectangle, width: Int, height: Int) throws {
        let placedWidth = max(Int(region.width.rounded()), 1)
        let placed = try Resampling.bilinear(
            map: saliency, toWidth: placedWidth, height: max(Int(region.height.rounded()), 1))
        let (left, top) = (Int(region.x.rounded()), Int(region.y.rounded()))
        map = Tensor(shape: try Shape([height, width])) { target in
            placed.withUnsafeValues { source in
                for y in 0..<height where (0..<placed.shape[0]).contains(y - top) {
                    for x in 0..<width where (0..<placedWidth).contains(x - left) {
                        target[y * width + x] = source[(y - top) * placedWidth + x - left]
                    }
                }
            }
        }
    }
}

extension PixelMask {
    /// The mask at another size, each pixel that of the nearest one.
    func resized(width newWidth: Int, height newHeight: Int) throws -> PixelMask {
        var resized = [Bool](repeating: false, count: newWidth * newHeight)
        for y in 0..<newHeight {
            let row = y * height / newHeight * width
            for x in 0..<newWidth { resized[y * newWidth + x] = pixels[row + x * width / newWidth] }
        }
        return try PixelMask(width: newWidth, height: newHeight, pixels: resized)
    }
}
