import Foundation
import Networks

// Functions of two values as types, so that the loop over them is compiled for each.

protocol PairFunction {
    static func value(_ a: Float, _ b: Float) -> Float
}

/// A partial derivative: what the incoming signal is multiplied with.
protocol SlopeFunction: PairFunction {}

enum Sum: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a + b } }
enum Difference: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a - b } }
enum Product: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a * b } }
enum Quotient: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a / b } }
enum Larger: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { max(a, b) } }
enum Smaller: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { min(a, b) } }
enum Power: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { pow(a, b) } }
enum ParametricRelu: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a > 0 ? a : a * b } }

enum TruncatedQuotient: PairFunction {
    static func value(_ a: Float, _ b: Float) -> Float { (a / b).rounded(.towardZero) }
}

enum Remainder: PairFunction {
    static func value(_ a: Float, _ b: Float) -> Float {
        // Exact, unlike a − b·⌊a/b⌋.
        let rest = fmod(a, b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }
}

enum TruncatedRemainder: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { fmod(a, b) } }

/// A function of integers; 0 where it has no result.
protocol BitFunction: PairFunction {
    static var kind: Arithmetic { get }
}

extension BitFunction {
    static func value(_ a: Float, _ b: Float) -> Float {
        guard let a = Int(exactly: a), let b = Int(exactly: b) else { return 0 }
        return kind.bits(a, b).map { Float($0) } ?? 0
    }
}

enum BitwiseAnd: BitFunction { static let kind = Arithmetic.bitwiseAnd }
enum BitwiseOr: BitFunction { static let kind = Arithmetic.bitwiseOr }
enum BitwiseExclusiveOr: BitFunction { static let kind = Arithmetic.bitwiseExclusiveOr }
enum LeftShift: BitFunction { static let kind = Arithmetic.leftShift }
enum RightShift: BitFunction { static let kind = Arithmetic.rightShift }

/// Of a function that is constant almost everywhere.
enum NoSlope: SlopeFunction { static func value(_ a: Float, _ b: Float) -> Float { 0 } }

/// ∂(a − b·⌊a/b⌋)/∂b.
enum RemainderOfDivisor: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { -(a / b).rounded(.down) }
}

enum TruncatedRemainderOfDivisor: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { -(a / b).rounded(.towardZero) }
}

/// ∂max(a,b)/∂a; equals share the signal, as in PyTorch.
enum LargerShare: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { a > b ? 1 : a == b ? 0.5 : 0 }
}

/// ∂min(a,b)/∂a.
enum SmallerShare: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { a < b ? 1 : a == b ? 0.5 : 0 }
}

/// ∂aᵇ/∂a.
enum PowerOfBase: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { b == 0 ? 0 : b * pow(a, b - 1) }
}

/// ∂aᵇ/∂b, 0 at a = 0.
enum PowerOfExponent: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { a == 0 ? 0 : pow(a, b) * log(a) }
}

enum ParametricReluOfInput: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { a > 0 ? 1 : b }
}

enum ParametricReluOfSlope: SlopeFunction {
    static func value(_ a: Float, _ b: Float) -> Float { a > 0 ? 0 : a }
}
