internal import Foundation

/// How a picture is resized. The raw values are Pillow's `Image.Resampling`, which `preprocessor_config.json` uses.
public enum ResamplingFilter: Int, Codable, CaseIterable, Sendable {
    case nearest = 0
    case lanczos = 1
    case bilinear = 2
    case bicubic = 3
    case box = 4
    case hamming = 5
    /// Linear interpolation between the pixels next to a place, without averaging where the picture gets smaller:
    /// OpenCV's `INTER_LINEAR`, and torchvision's bilinear without `antialias`. Pillow has no number for it.
    case sampledBilinear = 100

    /// Half the width of the kernel, in pixels of the coarser grid.
    var support: Double {
        switch self {
        case .nearest: 0
        case .box: 0.5
        case .bilinear, .hamming, .sampledBilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel as Pillow's Resample.c has it.
    func weight(at position: Double) -> Double {
        let x = abs(position)
        switch self {
        case .nearest:
            return 0
        case .box:
            // Half open, so that neighbouring windows share no pixel.
            return position > -0.5 && position <= 0.5 ? 1 : 0
        case .bilinear, .sampledBilinear:
            return x < 1 ? 1 - x : 0
        case .hamming:
            if x == 0 { return 1 }
            return x >= 1 ? 0 : Self.sinc(x) * (0.54 + 0.46 * cos(x * .pi))
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        case .lanczos:
            return position >= -3 && position < 3 ? Self.sinc(position) * Self.sinc(position / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double {
        x == 0 ? 1 : sin(x * .pi) / (x * .pi)
    }
}

/// For each target pixel along one axis, the source pixels it averages and their weights (Pillow's
/// `precompute_coeffs`): the kernel is stretched by the reduction, so that every source pixel counts.
struct ResamplingWindows {
    /// First source pixel of each window, and how many follow.
    let windows: [(first: Int, count: Int)]
    /// `stride` weights for each window, of which its `count` are used; they add up to 1.
    let weights: [Double]
    let stride: Int

    init(source: Int, target: Int, filter: ResamplingFilter) {
        let scale = Double(source) / Double(target)
        let stretch = filter == .sampledBilinear ? 1 : max(scale, 1)
        let support = filter.support * stretch
        let stride = Int(support.rounded(.up)) * 2 + 1
        var weights = [Double](repeating: 0, count: target * stride)
        windows = (0..<target).map { index in
            let center = (Double(index) + 0.5) * scale
            let first = max(Int(center - support + 0.5), 0)
            let count = min(Int(center + support + 0.5), source) - first
            var sum = 0.0
            for tap in 0..<count {
                let weight = filter.weight(at: (Double(tap + first) - center + 0.5) * (1 / stretch))
                weights[index * stride + tap] = weight
                sum += weight
            }
            if sum != 0 {
                for tap in 0..<count { weights[index * stride + tap] /= sum }
            }
            return (first, count)
        }
        self.weights = weights
        self.stride = stride
    }

    /// The weights as Pillow's 8-bit passes use them: fixed point with ``fractionBits``.
    var fixedPointWeights: [Int32] {
        weights.map { weight in
            let scaled = weight * Double(1 << Self.fractionBits)
            return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        }
    }

    /// 32 bits, less 8 for a sample and 2 for the overshoot of negative lobes (`PRECISION_BITS`).
    static let fractionBits: Int32 = 32 - 8 - 2
}
