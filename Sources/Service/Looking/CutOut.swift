import Localization
import Photos
import Tensors

/// The object of a class, cut out of a photo.
struct CutOut: Sendable {
    let prepared: PreparedPhoto
    let model: LoadedModel
    /// Scores by class index, before softmax or sigmoid; nil from a segmentation network.
    let scores: [Float]?
    let classIndex: Int
    /// Whose map said where it is; nil from a segmentation network.
    let method: String?
    /// Over the photo, of any size.
    let mask: PixelMask

    /// Long side of the picture the graph cut works on, in pixels: finer than the saliency is.
    private static let workingLongSide = 256.0

    init(
        prepared: PreparedPhoto, model: LoadedModel, scores: [Float]?, classIndex: Int, method: String? = nil,
        mask: PixelMask
    ) {
        self.prepared = prepared
        self.model = model
        self.scores = scores
        self.classIndex = classIndex
        self.method = method
        self.mask = mask
    }

    /// Along the photo's colours, from where a map is highest and lowest.
    ///
    /// - Parameter heatMap: of the judgement's class.
    /// - Throws: `PhotoError`, `LocalizationError`.
    init(
        _ judgement: Judgement, by heatMap: Judgement.HeatMap, of prepared: PreparedPhoto, _ model: LoadedModel
    ) throws {
        let bitmap = prepared.photo.bitmap
        let scale = min(1, Self.workingLongSide / Double(max(bitmap.width, bitmap.height)))
        let width = max(Int((Double(bitmap.width) * scale).rounded()), 1)
        let height = max(Int((Double(bitmap.height) * scale).rounded()), 1)
        let small = try bitmap.resized(toWidth: width, height: height, filter: .bilinear)
        let region = try prepared.input.geometry.onPhoto(width: width, height: height).visibleRegion
        let map = try CutOut.map(heatMap.map, over: region, width: width, height: height)
        self.init(
            prepared: prepared, model: model, scores: judgement.scores, classIndex: judgement.classIndex,
            method: heatMap.method,
            mask: try SaliencySegmentation().mask(rgb: small.pixels, map: map).without(
                prepared.photo.damage?.missing(
                    onBitmapOfWidth: width, height: height, photo: (prepared.photo.width, prepared.photo.height))))
    }

    /// A map over the whole picture; what the network did not see counts as little as what the map is lowest at.
    private static func map(
        _ map: Tensor, over region: PixelRectangle, width: Int, height: Int
    ) throws -> Tensor {
        let placedWidth = max(Int(region.width.rounded()), 1)
        let placed = try Resampling.bilinear(
            map: map, toWidth: placedWidth, height: max(Int(region.height.rounded()), 1))
        let (left, top) = (Int(region.x.rounded()), Int(region.y.rounded()))
        let lowest = min(placed.values.min() ?? 0, 0)
        return Tensor(shape: try Shape([height, width])) { target in
            target.update(repeating: lowest)
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
    /// The mask without what lies in a part of the picture that nobody saw.
    func without(_ missing: PixelRectangle?) throws(LocalizationError) -> PixelMask {
        guard let missing = missing?.clipped(toWidth: width, height: height).map({ PixelBox($0) }) else { return self }
        var pixels = pixels
        for y in missing.y..<min(missing.y + missing.height, height) {
            for x in missing.x..<min(missing.x + missing.width, width) { pixels[y * width + x] = false }
        }
        return try PixelMask(width: width, height: height, pixels: pixels)
    }

    /// The mask at another size, each pixel that of the nearest one.
    func resized(width newWidth: Int, height newHeight: Int) throws(LocalizationError) -> PixelMask {
        var resized = [Bool](repeating: false, count: newWidth * newHeight)
        for y in 0..<newHeight {
            let row = y * height / newHeight * width
            for x in 0..<newWidth { resized[y * newWidth + x] = pixels[row + x * width / newWidth] }
        }
        return try PixelMask(width: newWidth, height: newHeight, pixels: resized)
    }

    /// How much of the picture belongs to the object, 0…1, to four decimals.
    var share: Double { (Double(area) / Double(max(pixels.count, 1))).rounded(toPlaces: 4) }
}
