/// Resampling to other spatial extents; each axis by itself.
public struct Resize: Sendable, Hashable {
    /// How a value is made of its neighbours.
    public enum Mode: Sendable, Hashable {
        case nearest(Rounding)
        case linear
        /// Convolution with the cubic kernel of Keys 1981 for this a.
        case cubic(a: Double)
    }

    /// Which of two neighbours is the nearest one.
    public enum Rounding: String, Sendable, Hashable {
        case halfDown = "round_prefer_floor", halfUp = "round_prefer_ceil", floor, ceiling = "ceil"
    }

    /// Where in the source a position of the result stands (ONNX's `coordinate_transformation_mode`).
    public enum Coordinates: String, Sendable, Hashable {
        case halfPixel = "half_pixel", halfPixelSymmetric = "half_pixel_symmetric"
        case pytorchHalfPixel = "pytorch_half_pixel", alignCorners = "align_corners", asymmetric
        case tensorFlowHalfPixel = "tf_half_pixel_for_nn"
    }

    public var mode: Mode
    public var coordinates: Coordinates
    /// Neighbours outside of the source are left out instead of repeating the edge (cubic only).
    public var excludesOutside: Bool
    /// The axes that scales and extents are for; nil means all.
    public var axes: [Int]?

    public init(mode: Mode, coordinates: Coordinates, excludesOutside: Bool = false, axes: [Int]? = nil) {
        self.mode = mode
        self.coordinates = coordinates
        self.excludesOutside = excludesOutside
        self.axes = axes
    }

    /// The map of one axis from `source` to `result` values.
    ///
    /// - Parameter scale: of the coordinates; result / source where the extents were given, which then is exact.
    func map(axis: Int, from source: Int, to result: Int, scale: Double?) -> AxisMap {
        var indices: [Int] = []
        var weights: [Float] = []
        for position in 0..<result {
            let x = coordinate(of: Double(position), from: Double(source), to: Double(result), scale: scale)
            for (index, weight) in taps(at: x, extent: source) {
                indices.append(index)
                weights.append(Float(weight))
            }
        }
        let taps = indices.count / max(result, 1)
        return AxisMap(
            axis: axis, taps: taps, indices: indices, weights: weights.allSatisfy { $0 == 1 } ? nil : weights)
    }

    private func coordinate(of x: Double, from source: Double, to result: Double, scale: Double?) -> Double {
        func scaled(_ x: Double) -> Double { scale.map { x / $0 } ?? x * source / result }
        switch coordinates {
        case .halfPixel: return scaled(x + 0.5) - 0.5
        case .halfPixelSymmetric:
            let adjustment = scale.map { result / (source * $0) } ?? 1
            return source / 2 * (1 - adjustment) + scaled(x + 0.5) - 0.5
        case .pytorchHalfPixel: return result > 1 ? scaled(x + 0.5) - 0.5 : 0
        case .alignCorners: return result > 1 ? x * (source - 1) / (result - 1) : 0
        case .asymmetric: return scaled(x)
        case .tensorFlowHalfPixel: return scaled(x + 0.5)
        }
    }

    private func taps(at x: Double, extent: Int) -> [(index: Int, weight: Double)] {
        // Coordinates are at most a few extents away, but a scale from a file may be anything.
        let bound = Double(extent) + 4
        let x = x.isFinite ? min(max(x, -bound), bound) : 0
        func inside(_ index: Int) -> Int { min(max(index, 0), extent - 1) }
        switch mode {
        case .nearest(let rounding):
            let nearest: Double
            switch rounding {
            case .halfDown: nearest = (x - 0.5).rounded(.up)
            case .halfUp: nearest = (x + 0.5).rounded(.down)
            case .floor: nearest = x.rounded(.down)
            case .ceiling: nearest = x.rounded(.up)
            }
            return [(inside(Int(nearest)), 1)]
        case .linear:
            let x = min(max(x, 0), Double(extent - 1))
            let first = Int(x)
            let rest = x - Double(first)
            return [(first, 1 - rest), (inside(first + 1), rest)]
        case .cubic(let a):
            let first = Int(x.rounded(.down))
            let rest = x - Double(first)
            let distances = [rest + 1, rest, 1 - rest, 2 - rest]
            var weights = distances.map { keys($0, a: a) }
            if excludesOutside {
                for tap in 0..<4 where !(0..<extent).contains(first - 1 + tap) { weights[tap] = 0 }
                let total = weights.reduce(0, +)
                weights = weights.map { total == 0 ? 0 : $0 / total }
            }
            return (0..<4).map { (inside(first - 1 + $0), weights[$0]) }
        }
    }

    /// The cubic convolution kernel.
    private func keys(_ distance: Double, a: Double) -> Double {
        let d = distance
        if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    }
}
