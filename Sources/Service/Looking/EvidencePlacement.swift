import Localization
import Photos
import Tensors

/// A heat map over the network's input, laid over the picture it belongs to.
struct EvidencePlacement {
    /// At the resolution of the picture [h,w], negative values cut off.
    let map: Tensor
    /// Where the map's first pixel lies on the picture; the network may see a part of it only.
    private let left: Double
    private let top: Double

    /// - Parameter map: [h,w] over the network's input, any resolution.
    init(_ map: Tensor, on bitmap: Bitmap, _ preprocessor: Preprocessor) throws(PhotoError) {
        try self.init(map, region: try preprocessor.input(from: bitmap).geometry.visibleRegion, on: bitmap)
    }

    /// - Parameter region: what the network saw, in pixels of the bitmap.
    init(_ map: Tensor, region: PixelRectangle, on bitmap: Bitmap) throws(PhotoError) {
        let enlarged = try Resampling.bilinear(
            map: map, toWidth: max(Int(region.width.rounded()), 1), height: max(Int(region.height.rounded()), 1))
        self.map = Tensor(shape: enlarged.shape) { target in
            enlarged.withUnsafeValues { for index in target.indices { target[index] = max($0[index], 0) } }
        }
        left = region.x
        top = region.y
    }

    /// Regions for boxes, in pixels of the picture, strongest first, with their share of the map's maximum.
    func boxes(_ finder: BoxFinder) -> [(rectangle: PixelRectangle, strength: Float)] {
        let regions = finder.regions(in: map)
        let highest = regions.map(\.peak).max() ?? 0
        return regions.map { (rectangle($0.box), highest > 0 ? $0.peak / highest : 0) }
    }

    /// Connected regions above a fraction of the maximum, in pixels of the picture.
    func regions(above fraction: Float) -> [PixelRectangle] {
        BoxFinder.regions(in: map, above: fraction).map { rectangle($0.box) }
    }

    private func rectangle(_ box: PixelBox) -> PixelRectangle {
        PixelRectangle(
            x: Double(box.x) + left, y: Double(box.y) + top, width: Double(box.width), height: Double(box.height))
    }
}
