package import Localization
package import Photos
package import Tensors

/// A heat map over the network's input, brought to the size of the picture that it belongs to.
package struct PlacedHeatMap: Sendable {
    /// A region of the map.
    package struct Box: Sendable {
        /// In pixels of the picture.
        package let rectangle: PixelRectangle
        /// The region's peak as a share of the map's, 0…1.
        package let strength: Float
    }

    /// At the resolution of the picture [h,w], negative values cut off.
    package let map: Tensor
    /// What the map covers, in pixels of the picture; the network may see a part of it only.
    package let region: PixelRectangle

    /// - Parameters:
    ///   - map: [h,w] over the network's input, any resolution.
    ///   - region: what the network saw, in pixels of the picture.
    ///   - missing: the part of the picture that the photo's file does not have, in pixels of the picture: the map is 0
    ///     there, since nothing can be seen in it.
    package init(_ map: Tensor, region: PixelRectangle, without missing: PixelRectangle? = nil) throws(PhotoError) {
        let enlarged = try Resampling.bilinear(
            map: map, toWidth: max(Int(region.width.rounded()), 1), height: max(Int(region.height.rounded()), 1))
        self.map = Tensor(shape: enlarged.shape) { target in
            enlarged.withUnsafeValues { for index in target.indices { target[index] = max($0[index], 0) } }
            if let missing { PlacedHeatMap.clear(missing, of: region, in: target, width: enlarged.shape[1]) }
        }
        self.region = region
    }

    /// Sets to 0 what of a map over `region` lies on `rectangle`, wholly or in part.
    private static func clear(
        _ rectangle: PixelRectangle, of region: PixelRectangle, in map: UnsafeMutableBufferPointer<Float>, width: Int
    ) {
        let height = map.count / max(width, 1)
        let x = Double(rectangle.x - region.x), y = Double(rectangle.y - region.y)
        func pixels(_ start: Double, _ extent: Double, of length: Int) -> Range<Int> {
            let all = Double(length)
            let first = min(max(start.rounded(.down), 0), all)
            return Int(first)..<Int(max(min((start + extent).rounded(.up), all), first))
        }
        let columns = pixels(x, rectangle.width, of: width)
        for row in pixels(y, rectangle.height, of: height) {
            for column in columns { map[row * width + column] = 0 }
        }
    }

    /// Divided by the maximum: what an overlay wants, 0…1.
    var scaledToOne: Tensor {
        let highest = map.withUnsafeValues { $0.max() ?? 0 }
        guard highest > 0, highest.isFinite else { return Tensor(shape: map.shape) }
        return Tensor(shape: map.shape) { target in
            map.withUnsafeValues { for index in target.indices { target[index] = max($0[index], 0) / highest } }
        }
    }

    /// Regions for boxes, strongest first.
    package func boxes(_ finder: BoxFinder) -> [Box] {
        let regions = finder.regions(in: map)
        let highest = regions.map(\.peak).max() ?? 0
        return regions.map { Box(rectangle: rectangle($0.box), strength: highest > 0 ? $0.peak / highest : 0) }
    }

    /// Connected regions above a fraction of the maximum, in pixels of the picture.
    func regions(above fraction: Float) -> [PixelRectangle] {
        BoxFinder.regions(in: map, above: fraction).map { rectangle($0.box) }
    }

    private func rectangle(_ box: PixelBox) -> PixelRectangle {
        var rectangle = PixelRectangle(box)
        rectangle.x += region.x
        rectangle.y += region.y
        return rectangle
    }
}

extension PixelBox {
    /// To whole pixels outwards.
    init(_ rectangle: PixelRectangle) {
        let (left, top) = (Int(rectangle.x.rounded(.down)), Int(rectangle.y.rounded(.down)))
        self.init(
            x: left, y: top, width: Int((rectangle.x + rectangle.width).rounded(.up)) - left,
            height: Int((rectangle.y + rectangle.height).rounded(.up)) - top)
    }
}

extension PixelRectangle {
    init(_ box: PixelBox) {
        self.init(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height))
    }
}
