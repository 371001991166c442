public import Networks

/// The number that is explained: a class score, the score's lead over another class's, or the same of probabilities.
///
/// The one place where this is decided; methods ask for its value or for its derivative with respect to the scores.
public struct ScoreTarget: Hashable, Sendable {
    public let classIndex: Int
    /// Explained is what sets the class apart from this one, where given.
    public let against: Int?
    /// The probability instead of the score before it.
    public let isProbability: Bool
    /// What makes probabilities of the scores.
    public let kind: OutputKind

    /// - Parameter isProbability: counts only where the scores have probabilities.
    public init(classIndex: Int, against: Int? = nil, isProbability: Bool = false, kind: OutputKind) {
        self.classIndex = classIndex
        self.against = against
        self.isProbability = isProbability && kind.hasProbabilities
        self.kind = kind
    }

    /// s_c, s_c − s_a, p_c or p_c − p_a.
    public func value(of scores: [Float]) -> Float {
        let numbers = (isProbability ? kind.probabilities(scores) : nil) ?? scores
        return numbers[classIndex] - (against.map { numbers[$0] } ?? 0)
    }

    /// The derivative of the value with respect to each score [classes].
    public func gradient(at scores: [Float]) -> [Float] {
        var gradient = [Float](repeating: 0, count: scores.count)
        for (chosen, sign) in [(classIndex, Float(1))] + (against.map { [($0, Float(-1))] } ?? []) {
            guard isProbability, let slopes = kind.probabilityGradient(of: chosen, scores) else {
                gradient[chosen] += sign
                continue
            }
            for index in gradient.indices { gradient[index] += sign * slopes[index] }
        }
        return gradient
    }

    /// What each score contributes to the value, for relevance to start from [classes]: gradient times score. For a
    /// class's score that is the score itself at the class and 0 elsewhere.
    public func relevance(at scores: [Float]) -> [Float] {
        zip(gradient(at: scores), scores).map { $0 * $1 }
    }
}
