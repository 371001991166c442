import Foundation
import Networks

// Functions that oneDNN does not have, or whose derivative it gets wrong somewhere; as types, so that the loop over
// them is compiled for each.

protocol ScalarFunction: Sendable {
    func value(_ x: Float) -> Float
    func slope(_ x: Float) -> Float
}

struct HardSigmoid: ScalarFunction {
    let alpha: Float
    let beta: Float

    func value(_ x: Float) -> Float { min(max(alpha * x + beta, 0), 1) }
    func slope(_ x: Float) -> Float {
        let y = alpha * x + beta
        return y > 0 && y < 1 ? alpha : 0
    }
}

struct Softsign: ScalarFunction {
    func value(_ x: Float) -> Float { x / (1 + abs(x)) }
    func slope(_ x: Float) -> Float { 1 / ((1 + abs(x)) * (1 + abs(x))) }
}

struct ErrorFunction: ScalarFunction {
    func value(_ x: Float) -> Float { erf(x) }
    func slope(_ x: Float) -> Float { 1.128_379_167 * exp(-x * x) }
}

struct Reciprocal: ScalarFunction {
    func value(_ x: Float) -> Float { 1 / x }
    func slope(_ x: Float) -> Float { -1 / (x * x) }
}

struct Square: ScalarFunction {
    func value(_ x: Float) -> Float { x * x }
    func slope(_ x: Float) -> Float { 2 * x }
}

struct Cube: ScalarFunction {
    func value(_ x: Float) -> Float { x * x * x }
    func slope(_ x: Float) -> Float { 3 * x * x }
}

struct FixedPower: ScalarFunction {
    let exponent: Float

    func value(_ x: Float) -> Float { pow(x, exponent) }
    func slope(_ x: Float) -> Float { exponent == 0 ? 0 : exponent * pow(x, exponent - 1) }
}

struct ThresholdedRelu: ScalarFunction {
    let threshold: Float

    func value(_ x: Float) -> Float { x > threshold ? x : 0 }
    func slope(_ x: Float) -> Float { x > threshold ? 1 : 0 }
}

struct Shrinkage: ScalarFunction {
    let threshold: Float
    let bias: Float

    func value(_ x: Float) -> Float { x > threshold ? x - bias : x < -threshold ? x + bias : 0 }
    func slope(_ x: Float) -> Float { abs(x) > threshold ? 1 : 0 }
}

extension Activation.Trigonometric: ScalarFunction {}

/// Not differentiable where it is not constant; its derivative counts as 0 everywhere, as in PyTorch.
struct StepFunction: ScalarFunction {
    let kind: Activation.Rounding

    func value(_ x: Float) -> Float {
        switch kind {
        case .floor: x.rounded(.down)
        case .ceiling: x.rounded(.up)
        case .toNearestEven: x.rounded(.toNearestOrEven)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
        case .towardZero: x.rounded(.towardZero)
        }
    }

    func slope(_ x: Float) -> Float { 0 }
}

/// Rounding to few bits; its derivative is that of cutting off what is too large.
struct Narrowing: ScalarFunction {
    let format: SmallFloat
    let saturates: Bool
    let direction: SmallFloat.Direction

    func value(_ x: Float) -> Float { format.rounded(x, saturates: saturates, direction: direction) }
    func slope(_ x: Float) -> Float { abs(x) <= format.largest ? 1 : 0 }
}
