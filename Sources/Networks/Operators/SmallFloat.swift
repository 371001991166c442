import Foundation

/// A floating-point number of eight or four bits (Micikevicius et al. 2022, arXiv:2209.05433, and the OCP
/// Microscaling formats).
public enum SmallFloat: String, Sendable, Hashable, CaseIterable {
    /// Exponent and significand of so many bits; "unsigned zero" has one more exponent in the place of −0.
    case e4m3, e4m3UnsignedZero, e5m2, e5m2UnsignedZero, e2m1
    /// A power of two.
    case e8m0

    /// What becomes of a power of two that lies between two others.
    public enum Direction: String, Sendable, Hashable { case up, down, nearest }

    private var significandBits: Int {
        switch self {
        case .e4m3, .e4m3UnsignedZero: 3
        case .e5m2, .e5m2UnsignedZero: 2
        case .e2m1: 1
        case .e8m0: 0
        }
    }

    /// How many bits one takes.
    public var width: Int { self == .e2m1 ? 4 : 8 }

    private var bias: Int {
        switch self {
        case .e4m3: 7
        case .e4m3UnsignedZero: 8
        case .e5m2: 15
        case .e5m2UnsignedZero: 16
        case .e2m1: 1
        case .e8m0: 127
        }
    }

    /// The largest number.
    public var largest: Float {
        switch self {
        case .e4m3: 448
        case .e4m3UnsignedZero: 240
        case .e5m2, .e5m2UnsignedZero: 57344
        case .e2m1: 6
        case .e8m0: Float(sign: .plus, exponent: 127, significand: 1)
        }
    }

    /// The number that `bits`, the lowest ``width`` of them, stand for.
    public func value(ofBits bits: UInt8) -> Float {
        if self == .e8m0 { return bits == 0xff ? .nan : scalbn(1, Int(bits) - bias) }
        let code = Int(bits) & ((1 << (width - 1)) - 1)
        let isNegative = Int(bits) >> (width - 1) & 1 == 1
        let exponent = code >> significandBits
        let significand = code & ((1 << significandBits) - 1)
        switch self {
        case .e4m3UnsignedZero, .e5m2UnsignedZero: if isNegative, code == 0 { return .nan }
        case .e4m3: if code == 0x7f { return .nan }
        case .e5m2:
            if exponent == 31 { return significand != 0 ? .nan : isNegative ? -.infinity : .infinity }
        case .e2m1, .e8m0: break
        }
        let magnitude =
            exponent == 0
            ? scalbn(Float(significand), 1 - bias - significandBits)
            : scalbn(Float(significand + 1 << significandBits), exponent - bias - significandBits)
        return isNegative ? -magnitude : magnitude
    }

    /// The nearest number of this kind, of two the even one. What is too large becomes the largest, or, where nothing
    /// `saturates`, infinity or no number.
    public func rounded(_ x: Float, saturates: Bool = true, direction: Direction = .up) -> Float {
        if self == .e8m0 { return roundedPower(x, direction) }
        // The format of four bits has nothing that is no number.
        if x.isNaN { return self == .e2m1 ? 0 : x }
        let lowest = 1 - bias
        let exponent = x.isFinite && x != 0 ? max(Int(x.exponent), lowest) : lowest
        let step = scalbn(Float(1), exponent - significandBits)
        let value = x.isFinite ? (x / step).rounded(.toNearestOrEven) * step : x
        guard value.magnitude > largest else { return value == 0 ? 0 : value }
        if saturates || self == .e2m1 { return x < 0 ? -largest : largest }
        return self == .e5m2 ? (x < 0 ? -.infinity : .infinity) : .nan
    }

    private func roundedPower(_ x: Float, _ direction: Direction) -> Float {
        if x.isNaN { return x }
        let smallest = scalbn(Float(1), -bias)
        guard x > smallest else { return smallest }
        guard x < largest else { return largest }
        let below = scalbn(Float(1), Int(x.exponent))
        switch direction {
        case .up: return below == x ? x : 2 * below
        case .down: return below
        case .nearest: return x / below < 1.5 ? below : 2 * below
        }
    }
}
