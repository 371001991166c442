import Foundation

/// What a row of class scores means. Decided once, when a network is loaded (see ``Graph/readingOutputs(_:)``); whoever
/// wants a probability asks here.
public enum OutputKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// One of the classes holds: pᵢ = exp sᵢ / Σⱼ exp sⱼ, softmax.
    case exclusive
    /// Each class holds or not, whatever the others do: pᵢ = 1/(1 + exp −sᵢ), sigmoid.
    case independent
    /// Numbers without a probability, such as an age, a distance, or the output of a tanh.
    case raw

    /// Whether a score stands for a probability.
    public var hasProbabilities: Bool { self != .raw }

    /// The probabilities of the scores of one image [classes], 0…1; nil for raw numbers.
    public func probabilities(_ scores: [Float]) -> [Float]? {
        switch self {
        case .exclusive: softmax(scores)
        case .independent: scores.map(sigmoid)
        case .raw: nil
        }
    }

    /// The probability of one class; nil for raw numbers.
    public func probability(of classIndex: Int, _ scores: [Float]) -> Float? {
        switch self {
        case .exclusive: softmax(scores)[classIndex]
        case .independent: sigmoid(scores[classIndex])
        case .raw: nil
        }
    }

    /// ∂pᵢ/∂sⱼ for every j [classes]: pᵢ·(δᵢⱼ − pⱼ) of a softmax, δᵢⱼ·pᵢ·(1 − pᵢ) of a sigmoid; nil for raw numbers.
    public func probabilityGradient(of classIndex: Int, _ scores: [Float]) -> [Float]? {
        guard let probabilities = probabilities(scores) else { return nil }
        let own = probabilities[classIndex]
        return probabilities.indices.map { index in
            switch self {
            case .exclusive: own * ((index == classIndex ? 1 : 0) - probabilities[index])
            case .independent, .raw: index == classIndex ? own * (1 - own) : 0
            }
        }
    }

    /// log p/(1 − p) of one class: s_c − log Σ_{j≠c} exp s_j of a softmax, the score itself of a sigmoid; nil for raw
    /// numbers, and infinite for the only one of exclusive classes.
    public func logOdds(of classIndex: Int, _ scores: [Float]) -> Float? {
        switch self {
        case .exclusive:
            let largest = scores.indices.reduce(-Float.infinity) { $1 == classIndex ? $0 : max($0, scores[$1]) }
            guard largest > -.infinity else { return .infinity }
            let sum = scores.indices.reduce(Float(0)) { $1 == classIndex ? $0 : $0 + exp(scores[$1] - largest) }
            return scores[classIndex] - largest - log(sum)
        case .independent: return scores[classIndex]
        case .raw: return nil
        }
    }
}

/// exp xᵢ / Σ exp xⱼ, without overflow.
public func softmax(_ scores: [Float]) -> [Float] {
    guard let largest = scores.max() else { return [] }
    let exponentials = scores.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
}

/// 1/(1 + exp −x), without overflow.
public func sigmoid(_ x: Float) -> Float {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let exponential = exp(x)
    return exponential / (1 + exponential)
}
