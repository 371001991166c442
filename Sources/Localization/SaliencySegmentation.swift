public import Tensors

/// An object's mask from a saliency map: GrabCut whose colours are learned where the map is highest and lowest
/// (Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks", §3.2). What is salient beyond the
/// 95 % quantile teaches the foreground, what is below the 30 % quantile the background, and the largest region that
/// comes out as foreground is the object.
public struct SaliencySegmentation: Sendable {
    /// Pixels above this quantile of the map teach the foreground's colours.
    public var foregroundQuantile: Double
    /// Pixels below this quantile teach the background's.
    public var backgroundQuantile: Double
    public var grabCut: GrabCut

    public init(
        foregroundQuantile: Double = 0.95, backgroundQuantile: Double = 0.3, grabCut: GrabCut = GrabCut()
    ) {
        self.foregroundQuantile = foregroundQuantile
        self.backgroundQuantile = backgroundQuantile
        self.grabCut = grabCut
    }

    /// - Parameters:
    ///   - rgb: red, green, blue of each pixel of the photo at the map's resolution, row by row.
    ///   - map: [height, width], high where the object is.
    /// - Throws: `sizeMismatch`; `noContrast` where the map is the same nearly everywhere.
    public func mask(rgb: [UInt8], map: Tensor) throws(LocalizationError) -> PixelMask {
        guard map.shape.rank == 2, map.count > 0 else {
            throw .sizeMismatch("the saliency map should be [height, width], got \(map.shape)")
        }
        return try grabCut.mask(
            rgb: rgb, width: map.shape[1], height: map.shape[0], seeds: try seeds(of: map)
        ).largestComponent
    }

    /// Which pixels the map is sure about.
    public func seeds(of map: Tensor) throws(LocalizationError) -> [GrabCut.Seed] {
        let values = map.values
        guard values.allSatisfy({ $0.isFinite }), let lowest = values.min(), let highest = values.max(),
            lowest < highest
        else { throw .noContrast }
        let sorted = values.sorted()
        func quantile(_ share: Double) -> Float {
            sorted[Int((min(max(share, 0), 1) * Double(sorted.count - 1)).rounded())]
        }
        let (upper, lower) = (quantile(foregroundQuantile), quantile(backgroundQuantile))
        let seeds = values.map { value -> GrabCut.Seed in
            // The extremes themselves count where a quantile coincides with them, as in maps with many equal values.
            if value > upper || value == highest { return .foreground }
            if value < lower || value == lowest { return .background }
            return .unknown
        }
        return seeds
    }
}
