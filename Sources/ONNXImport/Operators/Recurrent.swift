import Networks
import Tensors

// Inputs X [T,N,I] ([N,T,I] with layout = 1), W [D,G·H,I], R [D,G·H,H], B [D,2·G·H]?, lengths [N]?, first hidden values
// [D,N,H]?, and of an LSTM the first cells [D,N,H]? and peepholes [D,3·H]?.

func buildLSTM(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.appendRecurrence(
        node, .longShortTermMemory(couplesForget: try node.flag("input_forget")), [.sigmoid, .tanh, .tanh])
}

func buildGRU(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.appendRecurrence(
        node, .gatedRecurrentUnit(resetsProduct: try node.flag("linear_before_reset")), [.sigmoid, .tanh])
}

func buildRNN(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.appendRecurrence(node, .plain, [.tanh])
}

extension GraphBuilder {
    /// What the input contributes to the gates is one fully-connected layer over all steps; the rest goes step by step.
    fileprivate mutating func appendRecurrence(
        _ node: NodeReader, _ kind: Recurrence.Kind, _ defaults: [Recurrence.Function]
    ) throws(ONNXError) {
        for position in [1, 2, 3, 7] where input(node, position) != nil && constant(node, position)?.tensor == nil {
            throw node.unsupported("weights that are computed by other nodes")
        }
        let directions = try node.recurrentDirections(kind, defaults)
        guard let w = constant(node, 1)?.tensor, let r = constant(node, 2)?.tensor, w.shape.rank == 3,
            r.shape.rank == 3, w.shape[0] == directions.count, r.shape[0] == directions.count,
            w.shape[1] == r.shape[1], w.shape[1] == kind.gates * r.shape[2], w.shape.count > 0
        else { throw node.invalid("its weights do not fit each other") }
        let rows = w.shape[1]
        let isBatchFirst = try node.flag("layout")
        var x = input(node, 0)
        if isBatchFirst { x = try step(node, .transpose(order: [1, 0, 2]), [x], named: "steps") }

        let matrix = try derived(node, "weights", w, [directions.count * rows, w.shape[2]])
        var (inputBias, recurrentBias): (ValueID?, ValueID?)
        if let bias = constant(node, 3)?.tensor {
            guard bias.shape.dimensions == [directions.count, 2 * rows] else { throw node.invalid("B \(bias.shape)") }
            let halves = [0, rows].map { first in
                (0..<directions.count).flatMap { d in (0..<rows).map { bias[d * 2 * rows + first + $0] } }
            }
            inputBias = try derived(node, "bias", halves[0], [directions.count * rows])
            recurrentBias = try derived(node, "recurrentbias", halves[1], [directions.count, rows])
        }
        let contributions = try step(node, .fullyConnected, [x, matrix, inputBias], named: "contributions")
        var first = [input(node, 5), input(node, 6)]
        if isBatchFirst {
            for (index, name) in ["hidden", "cell"].enumerated() where first[index] != nil {
                first[index] = try step(node, .transpose(order: [1, 0, 2]), [first[index]], named: "first.\(name)")
            }
        }
        let recurrence = Recurrence(kind: kind, directions: directions, clip: node.float("clip"))
        let results = try step(
            node, .recurrence(recurrence),
            [
                contributions, input(node, 2), recurrentBias, input(node, 4), first[0], first[1], input(node, 7),
            ], named: ["all", "hidden", "cell"])
        for (position, result) in results.enumerated() {
            guard position < node.outputNames.count, !node.outputNames[position].isEmpty else { continue }
            let order = position == 0 ? [2, 0, 1, 3] : [1, 0, 2]
            try append(
                node, isBatchFirst ? .transpose(order: order) : .identity, inputs: [result], outputs: [position])
        }
    }

    private mutating func derived(
        _ node: NodeReader, _ suffix: String, _ tensor: Tensor, _ extents: [Int]
    ) throws(ONNXError) -> ValueID {
        do {
            return try derive(node, suffix, .floats(try tensor.reshaped(to: try Shape(extents))))
        } catch let error as ONNXError {
            throw error
        } catch {
            throw node.invalid("\(error)")
        }
    }

    mutating func derived(
        _ node: NodeReader, _ suffix: String, _ values: [Float], _ extents: [Int]
    ) throws(ONNXError) -> ValueID {
        do {
            return try derive(node, suffix, .floats(try Tensor(shape: try Shape(extents), values: values)))
        } catch let error as ONNXError {
            throw error
        } catch {
            throw node.invalid("\(error)")
        }
    }
}

extension NodeReader {
    fileprivate func recurrentDirections(
        _ kind: Recurrence.Kind, _ defaults: [Recurrence.Function]
    ) throws(ONNXError) -> [Recurrence.Direction] {
        let reverse: [Bool]
        switch string("direction") ?? "forward" {
        case "forward": reverse = [false]
        case "reverse": reverse = [true]
        case "bidirectional": reverse = [false, true]
        case let other: throw invalid("direction '\(other)'")
        }
        var functions = Array(repeating: defaults, count: reverse.count).flatMap { $0 }
        if let names = strings("activations"), !names.isEmpty {
            guard names.count == functions.count else {
                throw invalid("activations \(names), needs \(functions.count)")
            }
            // Parameters are listed for those functions only that have such, one after the other.
            var alphas = (floats("activation_alpha") ?? [])[...]
            var betas = (floats("activation_beta") ?? [])[...]
            for (index, name) in names.enumerated() {
                functions[index] = try recurrentFunction(name, &alphas, &betas)
            }
        }
        return reverse.enumerated().map { index, isReverse in
            Recurrence.Direction(
                isReverse: isReverse,
                functions: Array(functions[index * kind.functions..<(index + 1) * kind.functions]))
        }
    }

    private func recurrentFunction(
        _ name: String, _ alphas: inout ArraySlice<Float>, _ betas: inout ArraySlice<Float>
    ) throws(ONNXError) -> Recurrence.Function {
        switch name.lowercased() {
        case "sigmoid": return .sigmoid
        case "tanh": return .tanh
        case "relu": return .relu
        case "softsign": return .softsign
        case "softplus": return .softplus
        case "affine": return .affine(alpha: alphas.popFirst() ?? 1, beta: betas.popFirst() ?? 0)
        case "leakyrelu": return .leakyRelu(alpha: alphas.popFirst() ?? 0.01)
        case "thresholdedrelu": return .thresholdedRelu(alpha: alphas.popFirst() ?? 1)
        case "scaledtanh": return .scaledTanh(alpha: alphas.popFirst() ?? 1, beta: betas.popFirst() ?? 1)
        case "hardsigmoid": return .hardSigmoid(alpha: alphas.popFirst() ?? 0.2, beta: betas.popFirst() ?? 0.5)
        case "elu": return .elu(alpha: alphas.popFirst() ?? 1)
        default: throw unsupported("activation \(name)")
        }
    }
}
