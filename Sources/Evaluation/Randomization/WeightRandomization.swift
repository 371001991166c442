public import Networks
import Tensors

/// A network whose upper layers have forgotten what they learned (Adebayo et al. 2018, "Sanity Checks for Saliency Maps", §4.1,
/// cascading randomization): weights are replaced from the classifier down by normal ones of the trained ones' deviation, biases
/// are shuffled. What normalizes stays.
public struct WeightRandomization: Sendable {
    /// One layer that has weights.
    public struct Layer: Sendable {
        /// The ONNX name of its output.
        public let name: String
        let weights: ValueID
        let bias: ValueID?
    }

    private let graph: Graph
    /// From the classifier down.
    public let layers: [Layer]

    /// - Parameter graph: as the file has it, before anything is folded into weights.
    public init(_ graph: Graph) {
        self.graph = graph
        var seen: Set<ValueID> = []
        layers = graph.nodes.reversed().compactMap { node in
            switch node.operation {
            case .convolution, .transposedConvolution, .fullyConnected, .matrixProduct: break
            default: return nil
            }
            guard let weights = node.input(1), let tensor = graph.constants[weights]?.tensor, tensor.shape.rank >= 2,
                // Layers can share weights, and some products are with fixed signs.
                tensor.count > 2, seen.insert(weights).inserted
            else { return nil }
            let bias = node.input(2).flatMap { graph.constants[$0]?.tensor == nil ? nil : $0 }
            return Layer(name: graph.name(of: node.output), weights: weights, bias: bias)
        }
    }

    /// How many of the upper layers are random at each step: all counts of up to ten layers, else ten even ones.
    public var counts: [Int] {
        let most = 10
        guard layers.count > most else { return layers.isEmpty ? [] : Array(1...layers.count) }
        return (1...most).map { ($0 * layers.count + most - 1) / most }
    }

    /// The graph with its `count` uppermost layers random.
    public func graph(randomizing count: Int, seed: UInt64) -> Graph {
        var result = graph
        for (number, layer) in layers.prefix(count).enumerated() {
            var generator = SeededGenerator(seed: seed, sample: number)
            if let trained = graph.constants[layer.weights]?.tensor {
                let deviation = Self.deviation(of: trained)
                result.constants[layer.weights] = .floats(
                    Tensor(shape: trained.shape) { values in
                        for index in stride(from: 0, to: values.count, by: 2) {
                            let pair = generator.normalPair()
                            values[index] = deviation * Float(pair.0)
                            if index + 1 < values.count { values[index + 1] = deviation * Float(pair.1) }
                        }
                    })
            }
            if let bias = layer.bias, let trained = graph.constants[bias]?.tensor {
                let shuffled = trained.values.shuffled(using: &generator)
                result.constants[bias] = .floats(
                    Tensor(shape: trained.shape) { values in
                        for index in values.indices { values[index] = shuffled[index] }
                    })
            }
        }
        return result
    }

    private static func deviation(of tensor: Tensor) -> Float {
        tensor.withUnsafeValues { values in
            let count = Double(max(values.count, 1))
            let mean = values.reduce(0.0) { $0 + Double($1) } / count
            let square = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
            return Float(square.squareRoot())
        }
    }
}
