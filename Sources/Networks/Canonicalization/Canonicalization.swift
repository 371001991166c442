import Tensors

extension Graph {
    /// The same function with fewer operators:
    /// - identities are dropped, and transposes around operators that do not need them cancel out (networks from
    ///   TensorFlow keep [N,H,W,C] between their convolutions);
    /// - arithmetic with a number becomes "scale and shift", and SiLU, GELU, Mish and hard swish are recognized where
    ///   they are written out of pieces;
    /// - batch normalization, and sums and products with constants per channel, go into the convolution before them;
    ///   a matrix product and a constant sum become one fully-connected operator;
    /// - whatever no output depends on is left out.
    ///
    /// A value keeps its name where it still exists.
    public func canonicalized() -> Graph {
        var graph = self
        graph.dropIdentities()
        graph.moveTransposes()
        graph.dropDeadNodes()
        graph.dropIdentities()
        graph.simplifyScalars()
        graph.mergeLinear()
        graph.recognizeHardSigmoids()
        graph.recognizeActivations()
        graph.dropDeadNodes()
        graph.mergeLinear()
        graph.foldIntoConvolutions()
        graph.joinBias()
        graph.dropDeadNodes()
        return graph
    }

    /// Lets the readers of an identity read its input. A graph output keeps its name: the node before takes it over,
    /// where nobody else reads that.
    private mutating func dropIdentities() {
        var alias: [ValueID: ValueID] = [:]
        let kept = Set(outputs)
        let uses = useCounts()
        var producers: [ValueID: Int] = [:]
        var result: [Node] = []
        for var node in nodes {
            node.inputs = node.inputs.map { $0.map { alias[$0] ?? $0 } }
            if node.operation == .identity, case let source? = node.input(0) {
                if !kept.contains(node.output) {
                    alias[node.output] = source
                    continue
                }
                if uses[source] == 1, let producer = producers[source], result[producer].outputs.count == 1 {
                    result[producer].outputs = node.outputs
                    producers[node.output] = producer
                    continue
                }
            }
            for output in node.outputs { producers[output] = result.count }
            result.append(node)
        }
        nodes = result
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
                weights.shape.rank == 2, vector.shape.dimensions == [weights.shape[0]]
            else { continue }
            var joined = nodes[position]
            joined.inputs = [joined.inputs[0], joined.inputs[1], biasID]
            joined.outputs = sum.outputs
            return (position, joined)
        }
        return nil
    }

    mutating func dropDeadNodes() {
        var live = Set(outputs)
        var result: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: live.contains) {
            live.formUnion(node.inputs.compactMap { $0 })
            result.append(node)
        }
        nodes = result.reversed()
        constants = constants.filter { live.contains($0.key) }
    }

    func constantTensor(_ node: Node, _ position: Int) -> Tensor? {
        node.input(position).flatMap { constants[$0]?.tensor }
    }

    /// A value that does not exist yet, called `name` or something like it.
    mutating func freshValue(_ name: String) -> ValueID {
        var candidate = name
        var number = 2
        while value(named: candidate) != nil {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return intern(candidate)
    }

    mutating func addConstant(_ name: String, _ constant: Constant) -> ValueID {
        let value = freshValue(name)
        constants[value] = constant
        return value
    }
}
