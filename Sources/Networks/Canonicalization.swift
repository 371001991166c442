import Tensors

extension Graph {
    /// The same function with fewer operators: identities dropped, batch normalization folded into the convolution
    /// before it, a matrix product followed by a constant sum joined into one fully-connected operator, and whatever
    /// no output depends on left out.
    public func canonicalized() -> Graph {
        var graph = self
        graph.dropIdentities()
        graph.foldBatchNormalization()
        graph.joinBias()
        graph.dropDeadNodes()
        return graph
    }

    /// Lets the readers of an identity read its input. A graph output keeps its name, hence its identity.
    private mutating func dropIdentities() {
        var alias: [ValueID: ValueID] = [:]
        let kept = Set(outputs)
        nodes = nodes.compactMap { node in
            var node = node
            node.inputs = node.inputs.map { $0.map { alias[$0] ?? $0 } }
            if node.operation == .identity, !kept.contains(node.output), case let source? = node.input(0) {
                alias[node.output] = source
                return nil
            }
            return node
        }
    }

    /// y = s·(W∗x + b − m)/√(v + ε) + t is a convolution with weights W·k and bias (b − m)·k + t, where
    /// k = s/√(v + ε) per output channel.
    private mutating func foldBatchNormalization() {
        let uses = useCounts()
        var convolutions: [ValueID: Int] = [:]
        var result: [Node] = []
        for node in nodes {
            if case .convolution = node.operation { convolutions[node.output] = result.count }
            if case .batchNormalization(let epsilon) = node.operation,
                let source = node.input(0), uses[source] == 1, let position = convolutions[source],
                let folded = fold(node, epsilon: epsilon, into: result[position])
            {
                result[position] = folded
                continue
            }
            result.append(node)
        }
        nodes = result
    }

    private mutating func fold(_ node: Node, epsilon: Float, into convolution: Node) -> Node? {
        guard let weightsID = convolution.input(1), let weights = constants[weightsID]?.tensor,
            let scale = constantTensor(node, 1), let shift = constantTensor(node, 2),
            let mean = constantTensor(node, 3), let variance = constantTensor(node, 4),
            weights.shape.rank > 0
        else { return nil }
        let channels = weights.shape[0]
        let parameters = [scale, shift, mean, variance]
        guard channels > 0, parameters.allSatisfy({ $0.shape.dimensions == [channels] }) else { return nil }
        var bias = Tensor(shape: scale.shape)
        if let biasID = convolution.input(2) {
            guard let known = constants[biasID]?.tensor, known.shape == scale.shape else { return nil }
            bias = known
        }
        var scaled = weights
        let perChannel = weights.count / channels
        for channel in 0..<channels {
            let factor = scale[channel] / (variance[channel] + epsilon).squareRoot()
            scaled.withUnsafeMutableValues { values in
                for index in channel * perChannel..<(channel + 1) * perChannel { values[index] *= factor }
            }
            bias[channel] = (bias[channel] - mean[channel]) * factor + shift[channel]
        }
        var folded = convolution
        let name = node.name
        folded.inputs = [
            convolution.inputs[0], addConstant("\(name).folded_weights", scaled),
            addConstant("\(name).folded_bias", bias),
        ]
        folded.outputs = node.outputs
        return folded
    }

    /// fullyConnected without a bias, then + constant vector.
    private mutating func joinBias() {
        let uses = useCounts()
        var products: [ValueID: Int] = [:]
        var result: [Node] = []
        for node in nodes {
            if node.operation == .fullyConnected, node.input(2) == nil { products[node.output] = result.count }
            if node.operation == .arithmetic(.add), node.inputs.count == 2,
                let joined = join(node, uses: uses, products: products, nodes: result)
            {
                result[joined.position] = joined.node
                continue
            }
            result.append(node)
        }
        nodes = result
    }

    private func join(
        _ sum: Node, uses: [ValueID: Int], products: [ValueID: Int], nodes: [Node]
    ) -> (position: Int, node: Node)? {
        for (product, bias) in [(0, 1), (1, 0)] {
            guard let source = sum.input(product), let biasID = sum.input(bias), uses[source] == 1,
                let position = products[source], let vector = constants[biasID]?.tensor,
                let weights = nodes[position].input(1).flatMap({ constants[$0]?.tensor }),
                vector.shape.dimensions == [weights.shape[0]]
            else { continue }
            var joined = nodes[position]
            joined.inputs = [joined.inputs[0], joined.inputs[1], biasID]
            joined.outputs = sum.outputs
            return (position, joined)
        }
        return nil
    }

    private mutating func dropDeadNodes() {
        var live = Set(outputs)
        var result: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: live.contains) {
            live.formUnion(node.inputs.compactMap { $0 })
            result.append(node)
        }
        nodes = result.reversed()
        constants = constants.filter { live.contains($0.key) }
    }

    private func constantTensor(_ node: Node, _ position: Int) -> Tensor? {
        node.input(position).flatMap { constants[$0]?.tensor }
    }

    private mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
        let value = intern(name)
        constants[value] = .floats(tensor)
        return value
    }
}
