import Tensors

extension Graph {
    /// y = k·(W∗x + b) + t, with k and t per channel, is a convolution with weights W·k and bias b·k + t.
    ///
    /// For batch normalization k = s/√(v + ε) and t = shift − m·k.
    mutating func foldIntoConvolutions() {
        let uses = useCounts()
        var convolutions: [ValueID: Int] = [:]
        var result: [Node] = []
        for node in nodes {
            switch node.operation {
            case .convolution, .transposedConvolution: convolutions[node.output] = result.count
            default:
                if let source = node.inputs.compactMap({ $0 }).first(where: { convolutions[$0] != nil }),
                    uses[source] == 1, let position = convolutions[source],
                    let folded = folded(node, reading: source, into: result[position])
                {
                    result[position] = folded
                    convolutions[folded.output] = position
                    continue
                }
            }
            result.append(node)
        }
        nodes = result
    }

    /// The convolution that computes what `node` makes of its result.
    private mutating func folded(_ node: Node, reading source: ValueID, into convolution: Node) -> Node? {
        guard let weights = constantTensor(convolution, 1), weights.shape.rank >= 3, weights.count > 0 else {
            return nil
        }
        let channels: Int
        switch convolution.operation {
        case .convolution: channels = weights.shape[0]
        case .transposedConvolution(let operation):
            let (product, isTooLarge) = weights.shape[1].multipliedReportingOverflow(by: operation.groups)
            guard !isTooLarge else { return nil }
            channels = product
        default: return nil
        }
        guard let shape = try? Shape([channels]),
            let affine = affine(node, of: source, channels: channels, rank: weights.shape.rank)
        else { return nil }
        var bias = Tensor(shape: shape)
        if convolution.input(2) != nil {
            guard let known = constantTensor(convolution, 2), known.shape == shape else { return nil }
            bias = known
        }
        bias.withUnsafeMutableValues { values in
            for channel in 0..<channels {
                values[channel] = values[channel] * affine.factors[channel] + affine.shifts[channel]
            }
        }
        guard let scaled = scaled(weights, by: affine.factors, for: convolution.operation) else { return nil }
        var result = convolution
        result.inputs = [
            convolution.inputs[0], addConstant("\(node.name).folded_weights", .floats(scaled)),
            addConstant("\(node.name).folded_bias", .floats(bias)),
        ]
        result.outputs = node.outputs
        return result
    }

    /// Each output channel's weights times its factor.
    private func scaled(_ weights: Tensor, by factors: [Float], for operation: Operator) -> Tensor? {
        let taps = weights.shape.dimensions.dropFirst(2).reduce(1, *)
        let rows = weights.shape[0]
        let columns = weights.shape[1]
        var groups = 1
        var isTransposed = false
        if case .transposedConvolution(let convolution) = operation {
            groups = convolution.groups
            isTransposed = true
            guard groups > 0, rows % groups == 0 else { return nil }
        }
        let perGroup = rows / max(groups, 1)
        guard perGroup > 0 else { return nil }
        var result = weights
        result.withUnsafeMutableValues { values in
            for row in 0..<rows {
                for column in 0..<columns {
                    // [O,I/G,…], and transposed [I,O/G,…].
                    let factor = factors[isTransposed ? row / perGroup * columns + column : row]
                    let start = (row * columns + column) * taps
                    for index in start..<start + taps { values[index] *= factor }
                }
            }
        }
        return result
    }

    /// `node` as k·x + t per channel of x [N,C,…], where it is that.
    private func affine(
        _ node: Node, of source: ValueID, channels: Int, rank: Int
    ) -> (factors: [Float], shifts: [Float])? {
        let zeros = [Float](repeating: 0, count: channels)
        switch node.operation {
        case .batchNormalization(let epsilon):
            let parameters = (1...4).compactMap { constantTensor(node, $0) }
            guard node.input(0) == source, parameters.count == 4,
                parameters.allSatisfy({ $0.shape.dimensions == [channels] })
            else { return nil }
            let factors = (0..<channels).map { parameters[0][$0] / (parameters[3][$0] + epsilon).squareRoot() }
            return (factors, (0..<channels).map { parameters[1][$0] - parameters[2][$0] * factors[$0] })
        case .arithmetic(let kind):
            guard node.inputs.count == 2, let position = node.inputs.firstIndex(of: source),
                let tensor = constantTensor(node, 1 - position),
                let values = perChannel(tensor, channels: channels, rank: rank)
            else { return nil }
            let ones = zeros.map { $0 + 1 }
            switch (kind, position) {
            case (.multiply, _): return (values, zeros)
            case (.divide, 0): return (values.map { 1 / $0 }, zeros)
            case (.add, _): return (ones, values)
            case (.subtract, 0): return (ones, values.map { -$0 })
            case (.subtract, _): return (ones.map { -$0 }, values)
            default: return nil
            }
        default: return nil
        }
    }

    /// A constant that broadcasts along everything but the channels, as one value per channel.
    private func perChannel(_ tensor: Tensor, channels: Int, rank: Int) -> [Float]? {
        guard tensor.shape.rank <= rank else { return nil }
        let padded = Array(repeating: 1, count: rank - tensor.shape.rank) + tensor.shape.dimensions
        let alone = padded.enumerated().allSatisfy { $0.offset == 1 || $0.element == 1 }
        guard alone, tensor.count == channels || tensor.count == 1 else { return nil }
        return (0..<channels).map { tensor[tensor.count == 1 ? 0 : $0] }
    }
}
