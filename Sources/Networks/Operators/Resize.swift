import Tensors

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
        /// A part of the source fills the result; see ``Resize/crop``.
        case tensorFlowCrop = "tf_crop_and_resize"
    }

    /// What becomes of target extents whose proportions are not the source's (ONNX's `keep_aspect_ratio_policy`).
    public enum AspectPolicy: String, Sendable, Hashable {
        case stretch
        /// One scale for all axes, so that no extent exceeds its target.
        case notLarger = "not_larger"
        /// One scale for all axes, so that no extent falls below its target.
        case notSmaller = "not_smaller"
    }

    /// A part of an axis, in shares of the distance from its first value (0) to its last (1).
    public struct Crop: Sendable, Hashable {
        public var start, end: Double

        public init(start: Double, end: Double) {
            self.start = start
            self.end = end
        }
    }

    public var mode: Mode
    public var coordinates: Coordinates
    /// Neighbours outside of the source are left out instead of repeating the edge (cubic, or smoothed).
    public var excludesOutside: Bool
    /// The axes that scales and extents are for; nil means all.
    public var axes: [Int]?
    public var aspect: AspectPolicy
    /// Where the result is smaller, the kernels are stretched, so that every value of the source counts (linear and cubic;
    /// ONNX's `antialias`).
    public var isSmoothed: Bool
    /// For ``Coordinates/tensorFlowCrop``: the part of each of the axes; what lies outside of the source is 0.
    public var crop: [Crop]

    public init(
        mode: Mode, coordinates: Coordinates, excludesOutside: Bool = false, axes: [Int]? = nil,
        aspect: AspectPolicy = .stretch, isSmoothed: Bool = false, crop: [Crop] = []
    ) {
        self.isSmoothed = isSmoothed
        self.mode = mode
        self.coordinates = coordinates
        self.excludesOutside = excludesOutside
        self.axes = axes
        self.aspect = aspect
        self.crop = crop
    }

    /// The extents that replace `targets` where the proportions are to stay, and the one scale that leads there; nil
    /// where each axis goes its own way.
    func proportionate(_ targets: [Int], from sources: [Int]) -> (extents: [Int], scale: Double)? {
        let scales = zip(targets, sources).map { Double($0) / Double($1) }
        let scale: Double?
        switch aspect {
        case .stretch: scale = nil
        case .notLarger: scale = scales.min()
        case .notSmaller: scale = scales.max()
        }
        guard let scale, scale.isFinite, sources.allSatisfy({ Double($0) * scale < Double(Shape.largestCount) }) else {
            return nil
        }
        return (sources.map { Int((Double($0) * scale + 0.5).rounded(.down)) }, scale)
    }

    /// The map of one axis from `source` to `result` values.
    ///
    /// - Parameters:
    ///   - scale: the scale of the coordinates; nil where the extents were given: result / source, which then is exact.
    ///   - crop: the part of the axis that fills the result, for ``Coordinates/tensorFlowCrop``.
    func map(axis: Int, from source: Int, to result: Int, scale: Double?, crop: Crop?) -> AxisMap {
        var indices: [Int] = []
        var weights: [Float] = []
        let stretch = isSmoothed ? min(scale ?? Double(result) / Double(max(source, 1)), 1) : 1
        for position in 0..<result {
            let x: Double
            if let crop {
                x = cropped(Double(position), from: Double(source), to: Double(result), crop)
            } else {
                x = coordinate(of: Double(position), from: Double(source), to: Double(result), scale: scale)
            }
            let isOutside = crop != nil && !(x >= 0 && x <= Double(source - 1))
            for (index, weight) in stretch < 1
                ? stretchedTaps(at: x, extent: source, stretch) : taps(at: x, extent: source)
            {
                indices.append(index)
                weights.append(isOutside ? 0 : Float(weight))
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
        case .tensorFlowCrop: return cropped(x, from: source, to: result, Crop(start: 0, end: 1))
        }
    }

    private func cropped(_ x: Double, from source: Double, to result: Double, _ crop: Crop) -> Double {
        let length = source - 1
        guard result > 1 else { return (crop.start + crop.end) / 2 * length }
        return crop.start * length + x * (crop.end - crop.start) * length / (result - 1)
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

    /// Neighbours under a kernel that is 1/`stretch` times as wide, by weights that sum to 1.
    private func stretchedTaps(
        at x: Double, extent: Int, _ stretch: Double
    ) -> [(index: Int, weight: Double)] {
        let support: Double
        switch mode {
        case .nearest: return taps(at: x, extent: extent)
        case .linear: support = 1
        case .cubic: support = 2
        }
        // A scale from a file may be anything; no kernel need be wider than this.
        let reach = Int(min(support / max(stretch, 1e-9), Double(4 * extent + 4)).rounded(.up))
        let bound = Double(extent) + 4
        let x = x.isFinite ? min(max(x, -bound), bound) : 0
        let first = Int(x.rounded(.down)) - reach
        var weights = (first...first + 2 * reach + 1).map { index -> Double in
            if excludesOutside, !(0..<extent).contains(index) { return 0 }
            let distance = abs(Double(index) - x) * stretch
            switch mode {
            case .nearest: return 0
            case .linear: return max(1 - distance, 0)
            case .cubic(let a): return distance < 2 ? keys(distance, a: a) : 0
            }
        }
        let total = weights.reduce(0, +)
        weights = weights.map { total == 0 ? 0 : $0 / total }
        return weights.enumerated().map { (min(max(first + $0, 0), extent - 1), $1) }
    }

    /// The cubic convolution kernel.
    private func keys(_ distance: Double, a: Double) -> Double {
        let d = distance
        if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    }
}
