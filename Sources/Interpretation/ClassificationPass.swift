public import Execution
import Foundation
public import Networks
public import Tensors

/// One forward pass of a classifier, with what the methods read from it: nothing is computed twice.
public struct ClassificationPass {
    /// Pre-softmax scores [classes].
    public let scores: [Float]
    private let pass: ForwardPass
    private let network: Network
    private let classifier: Classifier
    private let scoreShape: Shape

    /// - Parameters:
    ///   - input: [1,C,H,W].
    ///   - keeping: activations to be read afterwards.
    ///   - derivatives: targets and rules of the signals to be taken back from the scores.
    public init(
        _ network: Network, _ input: Tensor, on evaluator: Evaluator, keeping: [ValueID] = [],
        derivatives: [(targets: [ValueID], rule: BackwardRule)] = []
    ) throws(InterpretationError) {
        guard let classifier = network.classifier else { throw .notAClassifier }
        let wanted = derivatives.map { derivative in
            Derivative(of: classifier.scores, withRespectTo: derivative.targets, rule: derivative.rule)
        }
        do {
            pass = try evaluator.forward([input], keeping: keeping + [classifier.scores], derivatives: wanted)
            let tensor = try pass.value(classifier.scores)
            guard tensor.shape.rank == 2, tensor.shape[0] == 1 else { throw InterpretationError.notAClassifier }
            scores = tensor.values
            scoreShape = tensor.shape
        } catch let error as InterpretationError {
            throw error
        } catch let error as ExecutionError {
            throw .execution(error)
        } catch {
            throw .badParameter("\(error)")
        }
        self.network = network
        self.classifier = classifier
    }

    /// The class asked for, or the one with the highest score.
    public func resolve(_ classIndex: Int?) throws(InterpretationError) -> Int {
        guard let classIndex else { return scores.indices.max { scores[$0] < scores[$1] } ?? 0 }
        guard scores.indices.contains(classIndex) else {
            throw .classOutOfRange(classIndex, count: scores.count)
        }
        return classIndex
    }

    /// Softmax of the scores.
    public var probabilities: [Float] { softmax(scores) }

    /// An activation kept, [1,…].
    public func activation(_ value: ValueID) throws(InterpretationError) -> Tensor {
        do { return try pass.value(value) } catch { throw .execution(error) }
    }

    /// ∂s_c of derivative `index` at its targets, by its rule; zero where the score does not depend on a target.
    public func signals(ofClass classIndex: Int, derivative index: Int = 0) throws(InterpretationError) -> [Tensor?] {
        var seed = Tensor(shape: scoreShape)
        seed[classIndex] = 1
        do { return try pass.derivative(index, seed: seed) } catch { throw .execution(error) }
    }
}

/// exp xᵢ / Σ exp xⱼ, without overflow.
public func softmax(_ scores: [Float]) -> [Float] {
    guard let largest = scores.max() else { return [] }
    let exponentials = scores.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
}
