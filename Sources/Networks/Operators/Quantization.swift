/// Integers of a few bits that stand for numbers: x = (q − zero)·scale (Jacob et al. 2018, arXiv:1712.05877).
///
/// Integers are Float32 with integer values here. All rounding is to the nearest, halves to the even one. Back, the signal
/// passes straight through the rounding where nothing was cut off (Bengio et al. 2013, arXiv:1308.3432); scales and zeros
/// count as constants.
public enum Quantization: Sendable, Hashable {
    /// Inputs x, scale, zero? → q = limited(round(x/scale) + zero).
    case quantize(IntegerRange, Grouping)
    /// Inputs q, scale, zero? → x = (q − zero)·scale.
    case dequantize(Grouping)
    /// Input x → q in 0…255, scale and zero, which the smallest and the largest value decide.
    case dynamic
    /// Sums of products of integers, brought to another scale. Inputs: the parts of the sums, bias (integers)?, scale?,
    /// zero?; see ``Restoration``.
    case restore(Restoration)

    /// The integers that there are.
    public struct IntegerRange: Sendable, Hashable {
        public var lowest, highest: Int

        public init(_ range: ClosedRange<Int>) {
            lowest = range.lowerBound
            highest = range.upperBound
        }
    }

    /// Which values have a scale and zero in common: all, where there is but one; those with the same position along
    /// `axis`; or `block` neighbours along it (0: no blocks).
    public struct Grouping: Sendable, Hashable {
        public var axis: Int
        public var block: Int

        public init(axis: Int, block: Int = 0) {
            self.axis = axis
            self.block = block
        }
    }

    /// limited(round((Σᵢ factorsᵢ·partᵢ + bias)·scale) + zero). Sums of integers in single precision are exact up to 2²⁴
    /// only; where products may add up to more, one factor is cut into digits, and each digit has a sum of its own.
    public struct Restoration: Sendable, Hashable {
        /// One a part.
        public var factors: [Int]
        /// The axis of bias and scale.
        public var axis: Int
        /// Nil: the sums themselves, without scale and zero.
        public var range: IntegerRange?

        public init(factors: [Int], axis: Int, range: IntegerRange?) {
            self.factors = factors
            self.axis = axis
            self.range = range
        }
    }

    var name: String {
        switch self {
        case .quantize: "quantize"
        case .dequantize: "dequantize"
        case .dynamic: "dynamic quantize"
        case .restore: "sum of integers"
        }
    }

    /// Whether each value of the result is made of the values at its position in [N,C,H,W] alone, and of its channel.
    var keepsPlanes: Bool {
        switch self {
        case .quantize(_, let grouping), .dequantize(let grouping):
            grouping.block == 0 && (grouping.axis == 1 || grouping.axis == -3)
        case .restore(let restoration): restoration.axis == 1 || restoration.axis == -3
        case .dynamic: false
        }
    }
}
