import Foundation
public import Networks

/// How sure a network is of a class, and who is next.
public struct Certainty: Sendable, Hashable {
    public struct RunnerUp: Sendable, Hashable {
        public let classIndex: Int
        public let probability: Double
    }

    /// Of the class, 0…1.
    public let probability: Double
    /// How far it is ahead: of the runner-up's probability, or of an independent label's threshold. Negative where it is
    /// behind.
    public let margin: Double
    /// The most probable other class; nil where there is none.
    public let runnerUp: RunnerUp?
    /// log Σ exp of the scores, the negative free energy of Liu et al. 2020 ("Energy-based Out-of-distribution Detection"):
    /// low where nothing in the input is like what the network learned from.
    public let energy: Double
    /// Whether the energy reaches what the model's folder says; nil where it says nothing.
    public let isFamiliar: Bool?

    /// - Parameters:
    ///   - scores: before softmax or sigmoid, [classes].
    ///   - threshold: from which probability on an independent label holds.
    ///   - familiarEnergy: the lowest energy of photos like those that the network learned from.
    ///   - energyScores: those that the energy is of, where `scores` are scaled; the same where nil.
    /// - Returns: nil where the scores are raw numbers, or `classIndex` is none of them.
    public init?(
        _ scores: [Float], kind: OutputKind, classIndex: Int, threshold: Double? = nil, familiarEnergy: Double? = nil,
        energyScores: [Float]? = nil
    ) {
        guard let probabilities = kind.probabilities(scores), probabilities.indices.contains(classIndex) else {
            return nil
        }
        let probability = Double(probabilities[classIndex])
        let next = probabilities.indices.filter { $0 != classIndex }.max { scores[$0] < scores[$1] }
        let runnerUp = next.map { RunnerUp(classIndex: $0, probability: Double(probabilities[$0])) }
        self.probability = probability
        self.runnerUp = runnerUp
        margin =
            kind == .independent ? probability - (threshold ?? 0.5) : probability - (runnerUp?.probability ?? 0)
        let plain = energyScores ?? scores
        let largest = Double(plain.max() ?? 0)
        let energy = largest + log(plain.reduce(0) { $0 + exp(Double($1) - largest) })
        self.energy = energy
        isFamiliar = familiarEnergy.map { energy >= $0 }
    }
}
