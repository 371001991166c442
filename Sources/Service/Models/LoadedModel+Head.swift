import Execution
import Interpretation
import Networks
import Tensors

/// The linear layer behind the scores, and what it reads: the features in which the network's classes lie apart by planes.
extension LoadedModel {
    /// What the layer reads of a pass.
    enum HeadInput: Sendable {
        /// Maps [1,C,h,w], each of which counts by its mean.
        case pooled(ValueID)
        /// [1,C].
        case row(ValueID)

        var value: ValueID {
            switch self {
            case .pooled(let value), .row(let value): value
            }
        }
    }

    /// Nil where the network does not end in a linear layer.
    var headInput: HeadInput? {
        guard let classifier = network.classifier else { return nil }
        if let activation = classifier.classActivation {
            return activation.weights.map { _ in .pooled(activation.features) }
        }
        let graph = network.graph
        guard let node = graph.nodes.first(where: { $0.output == classifier.scores }),
            case .fullyConnected = node.operation, let input = node.input(0), let weights = node.input(1),
            graph.constants[weights] != nil
        else { return nil }
        return .row(input)
    }

    /// What the linear layer read of the whole photo [C]; nil where the network does not end in one, or a number is not
    /// finite.
    ///
    /// - Parameter activation: gives a kept value of the pass.
    func features<E: Error>(_ activation: (ValueID) throws(E) -> Tensor) throws(E) -> [Float]? {
        guard let headInput else { return nil }
        let tensor = try activation(headInput.value)
        let features: [Float]
        switch headInput {
        case .row:
            features = tensor.values
        case .pooled:
            guard tensor.shape.rank == 4, tensor.shape[1] > 0 else { return nil }
            let plane = tensor.shape[2] * tensor.shape[3]
            features = tensor.withUnsafeValues { values in
                (0..<tensor.shape[1]).map { channel in
                    Float(
                        values[channel * plane..<(channel + 1) * plane].reduce(0.0) { $0 + Double($1) } / Double(plane))
                }
            }
        }
        return features.allSatisfy(\.isFinite) ? features : nil
    }

    /// What the linear layer read, and what came of it.
    struct HeadReading: Sendable {
        /// [C].
        let features: [Float]
        /// [classes].
        let scores: [Float]
    }

    /// One forward pass.
    ///
    /// - Throws: `InterpretationError`, also where the network does not end in a linear layer.
    func headReading(of input: Tensor, as urgency: Urgency) async throws(InterpretationError) -> HeadReading {
        guard let headInput else { throw .badParameter("model '\(name)' does not end in a linear layer") }
        return try await network.session.perform(as: urgency) { (evaluator) throws(InterpretationError) in
            let pass = try ClassificationPass(network, input, on: evaluator, keeping: [headInput.value])
            guard
                let features = try features({ (value) throws(InterpretationError) in try pass.activation(value) })
            else { throw .badParameter("the features of model '\(name)' are not finite on this photo") }
            return HeadReading(features: features, scores: pass.scores)
        }
    }

    /// The linear layer's weights [classes][C]; nil where they cannot be read from the graph.
    var headWeights: [[Double]]? {
        guard let weights = network.classifier?.classActivation?.weights, weights.shape.rank == 2 else { return nil }
        let channels = weights.shape[1]
        return (0..<weights.shape[0]).map { row in
            (0..<channels).map { Double(weights[row * channels + $0]) }
        }
    }
}
