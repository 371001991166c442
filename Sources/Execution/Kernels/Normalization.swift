import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Batch normalization that no convolution could take in: y = k·x + t per channel, with k = scale/√(variance + ε)
    /// and t = shift − mean·k.
    func emitBatchNormalization(_ node: Node, epsilon: Float) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        var parameters: [Tensor] = []
        for position in 1...4 {
            guard let tensor = graph.constants[try inputID(node, position)]?.tensor else {
                throw .unsupported(
                    node: node.name, operation: node.operation.name, reason: "its parameters are not constants")
            }
            parameters.append(tensor)
        }
        let channels = parameters[0].count
        let factors = (0..<channels).map { parameters[0][$0] / (parameters[3][$0] + epsilon).squareRoot() }
        let shifts = (0..<channels).map { parameters[1][$0] - parameters[2][$0] * factors[$0] }
        set(node.output, try affine(x, factors, shifts, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.affine(incoming, factors, factors.map { _ in 0 }, for: node)
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Channel c of [N,C,…] times `factors[c]` plus `shifts[c]`.
    private func affine(
        _ x: PlannedTensor, _ factors: [Float], _ shifts: [Float], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(x.extents, for: node)
        let channels = x.extents[1]
        let inner = x.extents.dropFirst(2).reduce(1, *)
        let planes = x.extents[0] * channels
        emit(node, reading: [x], writing: [y]) { addresses in
            let source = addresses[0].assumingMemoryBound(to: Float.self)
            let target = addresses[1].assumingMemoryBound(to: Float.self)
            for plane in 0..<planes {
                let factor = factors[plane % channels]
                let shift = shifts[plane % channels]
                for index in plane * inner..<(plane + 1) * inner { target[index] = source[index] * factor + shift }
            }
        }
        return y
    }
}
