import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// The plan that computes what the request asks for.
    ///
    /// - Parameters:
    ///   - share: what an arena of its own is part of.
    ///   - sharedArena: memory that plans which never run at the same time have in common.
    func build(of share: PlanShare, in sharedArena: Arena? = nil) throws(ExecutionError) -> Plan {
        try Plan(try stepList(), on: engine, of: share, in: sharedArena)
    }

    /// Emits everything the request asks for. To be called once.
    func stepList() throws(ExecutionError) -> StepList {
        let inputs = try emitInputs()
        for node in graph.nodes where !isFused(node) && !isKnown(node.output) {
            try emitForward(node)
            noteEmitted(node)
        }
        var outputs: [ValueID: PlannedTensor] = [:]
        for value in Set(graph.outputs + request.kept) {
            outputs[value] = try plain(try tensor(value, for: edge(value)), for: edge(value))
        }
        var residents: [ValueID: PlannedTensor] = [:]
        for value in request.resident { residents[value] = try tensor(value, for: edge(value)) }
        let forwardEnd = steps.count
        var walks: [StepList.Walk] = []
        for index in request.derivatives.indices { walks.append(try emitBackward(index)) }
        return StepList(
            steps: steps, buffers: buffers, inputs: inputs, outputs: outputs, residents: residents,
            forwardEnd: forwardEnd, walks: walks)
    }

    private func emitInputs() throws(ExecutionError) -> [PlannedTensor] {
        var inputs: [PlannedTensor] = []
        for input in graph.inputs where features?.holds(input.value) != true {
            let tensor = try allocatePlain(shape(of: input.value).dimensions, for: edge(input.value))
            set(input.value, tensor)
            inputs.append(tensor)
        }
        return inputs
    }

    private func emitForward(_ node: Node) throws(ExecutionError) {
        switch node.operation {
        case .convolution(let convolution): try emitConvolution(node, convolution)
        case .transposedConvolution(let convolution): try emitTransposedConvolution(node, convolution)
        case .pooling(let pooling) where node.outputs.count > 1: try emitIndexedPooling(node, pooling)
        case .pooling(let pooling): try emitPooling(node, pooling)
        case .maximumUnpooling: try emitUnpooling(node)
        case .globalPooling(let kind): try emitGlobalPooling(node, kind)
        case .fullyConnected: try emitFullyConnected(node)
        case .matrixProduct: try emitMatrixProduct(node)
        case .batchNormalization(let epsilon): try emitBatchNormalization(node, epsilon: epsilon)
        case .normalization(let normalization): try emitNormalization(node, normalization)
        case .localResponseNormalization(let operation): try emitLocalResponseNormalization(node, operation)
        case .recurrence(let recurrence): try emitRecurrence(node, recurrence)
        case .quantization(let quantization): try emitQuantization(node, quantization)
        case .sampling(let sampling): try emitSampling(node, sampling)
        case .softmax(let softmax): try emitSoftmax(node, softmax)
        case .activation(let activation): try emitActivation(node, activation)
        case .arithmetic(let kind): try emitArithmetic(node, kind)
        case .reduction(let reduction): try emitReduction(node, reduction)
        case .einsum(let einsum): try emitEinsum(node, einsum)
        case .extremum(let extremum): try emitExtremum(node, extremum)
        case .ranking(let ranking): try emitRanking(node, ranking)
        case .accumulation(let accumulation): try emitAccumulation(node, accumulation)
        case .triangle(let triangle): try emitTriangle(node, triangle)
        case .pick(let indexing): try emitPick(node, indexing)
        case .scatter(let scatter): try emitScatter(node, scatter)
        case .gather(let axis) where specialization.movements[node.output] == nil:
            try emitPick(node, .positions(axis: axis))
        case .concatenation(let axis): try emitConcatenation(node, axis: axis)
        case .flatten, .reshape, .squeeze, .unsqueeze: try emitReshape(node)
        case .transpose, .slice, .part, .padding, .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .resize:
            try emitMovement(node)
        case .graft(let graft): try emitGraft(node, graft)
        case .identity: try emitIdentity(node)
        case .shapeArithmetic(let kind): try emitShapeArithmetic(node, kind)
        }
    }

    /// One walk back over the tape. Signals that arrive at a value from several readers are summed when its own node
    /// is reached.
    private func emitBackward(_ index: Int) throws(ExecutionError) -> StepList.Walk {
        let derivative = request.derivatives[index]
        let path = path(ofDerivative: index)
        let first = steps.count
        let seed = try allocatePlain(shape(of: derivative.source).dimensions, for: edge(derivative.source))
        let entries = tape.reversed().filter { path.contains($0.output) && $0.inputs.contains(where: path.contains) }
        arrived = ArrivedSignals(readers: entries.map(\.output) + derivative.targets, firstBuffer: buffers.count)
        defer { arrived = ArrivedSignals() }
        arrived.add(seed, at: derivative.source)
        for entry in entries {
            guard let signal = try sumOfArrived(at: entry.output) else { continue }
            for (input, passed) in try passed(signal, through: entry, by: derivative.rule)
            where path.contains(input) {
                arrived.add(passed, at: input)
            }
        }
        var results: [PlannedTensor?] = []
        for target in derivative.targets {
            guard let signal = try sumOfArrived(at: target) else {
                results.append(nil)
                continue
            }
            results.append(try plain(signal, for: edge(target)))
        }
        return StepList.Walk(steps: first..<steps.count, seed: seed, results: results)
    }

    /// The sum of the signals that have arrived at `value`.
    private func sumOfArrived(at value: ValueID) throws(ExecutionError) -> PlannedTensor? {
        let signals = arrived.take(at: value)
        guard var total = signals.first else { return nil }
        var rest = signals.dropFirst()
        while !rest.isEmpty {
            total = try sum([total] + rest.prefix(PlanBuilder.largestSum - 1), for: edge(value))
            rest = rest.dropFirst(PlanBuilder.largestSum - 1)
        }
        arrived.keep(total, at: value)
        return total
    }

    /// As many tensors as one sum of oneDNN takes.
    private static let largestSum = 32

    private func sum(_ tensors: [PlannedTensor], for node: Node) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(tensors[0].extents, tensors[0].layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            let layouts = tensors.map { Optional($0.layout.handle) }
            return try Primitive {
                cdnn_sum($0, engine.handle, Int32(tensors.count), layouts, result.layout.handle)
            }
        }
        var arguments = [(CDNN_ARG_DST, result)]
        for (index, tensor) in tensors.enumerated() {
            arguments.append((cdnn_argument(rawValue: CDNN_ARG_SOURCE_0.rawValue + UInt32(index)), tensor))
        }
        try emit(node, primitive, arguments)
        return result
    }

    /// Stands for the edge of the network in error messages.
    private func edge(_ value: ValueID) -> Node {
        Node(name: graph.name(of: value), operation: .identity, inputs: [], outputs: [value])
    }
}
