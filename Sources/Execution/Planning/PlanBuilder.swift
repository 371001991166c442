import CDNN
import Networks
import Tensors

/// Turns a graph and a request into one linear list of steps, forward and backward.
///
/// Kernels (see `Kernels/`) emit their steps here, and note beside them how a signal is taken back through them.
final class PlanBuilder {
    let graph: Graph
    /// What the input shapes decide.
    let specialization: Specialization
    let request: PlanRequest
    let engine: Engine
    let weights: WeightStore
    let algorithms: AlgorithmChoice
    /// How the values between the layers lie in memory, where the algorithms are chosen by measurement.
    let arrangement: Arrangement
    let threads: KernelThreads
    let stopwatch = ConvolutionStopwatch()
    let budget: MeasuringBudget
    /// Whether measuring should stop for now: what is left open is computed as the library would, and asked again.
    let isInterrupted: () -> Bool
    /// Graph inputs that are somewhere in memory already.
    let features: FeatureStore?

    private(set) var steps: [Step] = []
    private(set) var buffers: [Buffer] = []
    private(set) var tensors: [ValueID: PlannedTensor] = [:]
    private(set) var tape: [TapeEntry] = []
    /// Of the backward walk that is being emitted.
    var arrived = ArrivedSignals()
    /// Nodes that were computed together with the one before them.
    private var fused: Set<ValueID> = []
    /// Outputs of the nodes whose steps are in the list.
    private var emitted: Set<ValueID> = []

    private let useCounts: [ValueID: Int]
    private let readers: [ValueID: [Node]]
    private let paths: [Set<ValueID>]
    /// Values that must exist in memory by themselves.
    private let observed: Set<ValueID>

    init(
        graph: Graph, request: PlanRequest, engine: Engine, weights: WeightStore,
        algorithms: AlgorithmChoice = .standard,
        arrangement: Arrangement = .library, threads: KernelThreads = KernelThreads(1), features: FeatureStore? = nil,
        budget: MeasuringBudget = MeasuringBudget(.zero), isInterrupted: @escaping () -> Bool = { false }
    ) throws(ExecutionError) {
        self.graph = graph
        self.request = request
        self.engine = engine
        self.weights = weights
        self.algorithms = algorithms
        self.arrangement = arrangement
        self.threads = threads
        self.features = features
        self.budget = budget
        self.isInterrupted = isInterrupted
        var inputShapes: [ValueID: Shape] = [:]
        for (input, shape) in zip(graph.inputs, request.inputShapes) { inputShapes[input.value] = shape }
        do { specialization = try graph.specialized(for: inputShapes) } catch { throw .network(error) }
        useCounts = graph.useCounts()
        var readers: [ValueID: [Node]] = [:]
        for node in graph.nodes {
            for case let input? in node.inputs { readers[input, default: []].append(node) }
        }
        self.readers = readers
        paths = request.derivatives.map { graph.path(from: $0.targets, to: $0.source) }
        observed = Set(
            graph.outputs + request.kept + request.resident
                + request.derivatives.flatMap { [$0.source] + $0.targets })
    }

    // MARK: Values

    func shape(of value: ValueID) -> Shape { specialization.shapes[value] ?? Shape.scalar }

    /// Whether the value is known before the network runs, so that no step makes it.
    func isKnown(_ value: ValueID) -> Bool {
        graph.constants[value] != nil || specialization.constants[value] != nil
    }

    /// The tensor of a value that an earlier step makes.
    func tensor(_ value: ValueID, for node: Node) throws(ExecutionError) -> PlannedTensor {
        if let known = tensors[value] { return known }
        if let constant = try known(value, for: node) {
            // It belongs to these input shapes, hence to the plan and not to the weights.
            let block = try check(node) { () throws(KernelStatus) in try weights.block(of: constant) }
            let tensor = adopt(block, extents: constant.shape.dimensions)
            tensors[value] = tensor
            return tensor
        }
        guard case .floats(let constant)? = graph.constants[value] else {
            throw .unsupported(
                node: node.name, operation: node.operation.name,
                reason: "input '\(graph.name(of: value))' is not a tensor of numbers")
        }
        let extents = constant.shape.dimensions
        let stored = try check(node) { () throws(KernelStatus) in
            try weights.tensor(value, as: extents, in: try Layout.plain(extents), of: graph)
        }
        let tensor = adopt(stored, extents: extents)
        tensors[value] = tensor
        return tensor
    }

    /// What is known of a value besides the weights, as numbers.
    private func known(_ value: ValueID, for node: Node) throws(ExecutionError) -> Tensor? {
        switch specialization.constants[value] ?? graph.constants[value] {
        case .floats(let tensor)?: return graph.constants[value] == nil ? tensor : nil
        case .integers(let shape, let values)?:
            if let large = values.first(where: { Int(exactly: Float($0)) != $0 }) {
                throw .unsupported(
                    node: node.name, operation: node.operation.name,
                    reason: "the integer \(large) has no exact number in single precision")
            }
            return Tensor(shape: shape) { target in
                for index in target.indices { target[index] = Float(values[index]) }
            }
        case nil: return nil
        }
    }

    func set(_ value: ValueID, _ tensor: PlannedTensor) { tensors[value] = tensor }

    /// New memory in the arena for a tensor of this layout.
    func allocate(_ extents: [Int], _ layout: Layout) -> PlannedTensor {
        buffers.append(.arena(bytes: max(layout.byteCount, 4)))
        return PlannedTensor(extents: extents, layout: layout, buffer: BufferID(index: buffers.count - 1))
    }

    /// The memory of `source` where nobody reads it after `node`, which computes value by value; else new memory.
    func allocate(
        _ extents: [Int], _ layout: Layout, over source: PlannedTensor, for node: Node
    ) -> PlannedTensor {
        guard isLastUse(of: source, by: node), source.layout == layout, source.extents == extents else {
            return allocate(extents, layout)
        }
        return source
    }

    /// The memory of a signal that nobody else reads, for what is made of it value by value; else new memory. What makes
    /// it may read the signal at no other place.
    func allocate(over signal: PlannedTensor) -> PlannedTensor {
        guard case .arena = buffers[signal.buffer.index], arrived.isFree(signal.buffer) else {
            return allocate(signal.extents, signal.layout)
        }
        return signal
    }

    /// Puts a buffer of the arena at a place in another.
    func move(_ buffer: BufferID, into whole: BufferID, at offset: Int) {
        buffers[buffer.index] = .piece(of: whole, at: offset)
    }

    /// Whether the two may have memory in common.
    func mayOverlap(_ a: PlannedTensor, _ b: PlannedTensor) -> Bool {
        buffers.place(of: a.buffer).whole == buffers.place(of: b.buffer).whole
    }

    func allocatePlain(_ extents: [Int], for node: Node) throws(ExecutionError) -> PlannedTensor {
        allocate(extents, try plainLayout(extents, for: node))
    }

    func plainLayout(_ extents: [Int], for node: Node) throws(ExecutionError) -> Layout {
        try check(node) { () throws(KernelStatus) in try Layout.plain(extents) }
    }

    func channelsLastLayout(_ extents: [Int], for node: Node) throws(ExecutionError) -> Layout {
        try check(node) { () throws(KernelStatus) in try Layout.channelsLast(extents) }
    }

    /// The trained summands of so many output channels, where there are any.
    func bias(of node: Node, count: Int) throws(ExecutionError) -> PlannedTensor? {
        guard let bias = node.input(2) else { return nil }
        return try weights(bias, as: [count], in: try plainLayout([count], for: node), for: node)
    }

    /// A trained tensor in the layout a kernel wants; it is brought into it once per model.
    func weights(
        _ value: ValueID, as extents: [Int], in layout: Layout, part: WeightStore.Part = .all, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let block = try check(node) { () throws(KernelStatus) in
            try weights.tensor(value, as: extents, in: layout, part: part, of: graph)
        }
        return adopt(block, extents: extents)
    }

    private func adopt(_ block: WeightStore.Block, extents: [Int]) -> PlannedTensor {
        buffers.append(.weights(block))
        return PlannedTensor(extents: extents, layout: block.layout, buffer: BufferID(index: buffers.count - 1))
    }

    /// A graph input that is in memory already.
    func feature(
        _ value: ValueID, in order: ChannelOrder, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        guard let features else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "nothing is known of the clean image")
        }
        let entry = try check(node) { () throws(KernelStatus) in try features.entry(value, in: order) }
        buffers.append(.feature(entry))
        return PlannedTensor(
            extents: entry.extents, layout: entry.layout, buffer: BufferID(index: buffers.count - 1))
    }

    // MARK: Steps

    /// Adds a step; scratch memory is added to it where the primitive wants some.
    func emit(
        _ node: Node, _ primitive: Primitive, _ arguments: [(cdnn_argument, PlannedTensor)]
    ) throws(ExecutionError) {
        var bound = arguments.map { (argument: Int32(bitPattern: $0.0.rawValue), tensor: $0.1) }
        let scratch = try check(node) { () throws(KernelStatus) in try primitive.layout(CDNN_ARG_SCRATCHPAD) }
        if let scratch, scratch.byteCount > 0 {
            bound.append(
                (Int32(bitPattern: CDNN_ARG_SCRATCHPAD.rawValue), allocate([scratch.byteCount], scratch)))
        }
        let isForward = arguments.contains { $0.0 == CDNN_ARG_DST }
        var reads: [BufferID] = []
        var writes: [BufferID] = []
        for (argument, tensor) in bound {
            switch cdnn_argument(rawValue: UInt32(bitPattern: argument)) {
            case CDNN_ARG_DST, CDNN_ARG_DIFF_SRC, CDNN_ARG_SCRATCHPAD: writes.append(tensor.buffer)
            case CDNN_ARG_WORKSPACE: if isForward { writes.append(tensor.buffer) } else { reads.append(tensor.buffer) }
            default: reads.append(tensor.buffer)
            }
        }
        steps.append(Step(name: node.name, action: .primitive(primitive, bound), reads: reads, writes: writes))
    }

    /// Adds a kernel of our own; it is called with the addresses of `reads`, then of `writes`.
    func emit(
        _ node: Node, reading reads: [PlannedTensor], writing writes: [PlannedTensor],
        _ kernel: @escaping Step.Kernel
    ) {
        steps.append(
            Step(
                name: node.name, action: .kernel(reads + writes, kernel), reads: reads.map(\.buffer),
                writes: writes.map(\.buffer)))
    }

    /// The tensor in `layout`: itself, or reordered by a step.
    func converted(_ tensor: PlannedTensor, to layout: Layout, for node: Node) throws(ExecutionError) -> PlannedTensor {
        if tensor.layout == layout {
            // Equal layouts may differ in the strides of axes of extent 1. oneDNN 2.6 compiles binary operations wrongly
            // where its operands do, hence the very layout that was asked for.
            var relabelled = tensor
            relabelled.layout = layout
            return relabelled
        }
        let result = allocate(tensor.extents, layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive { cdnn_reorder($0, engine.handle, tensor.layout.handle, layout.handle) }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, tensor), (CDNN_ARG_DST, result)])
        return result
    }

    /// The same values in memory of their own.
    func copied(_ tensor: PlannedTensor, for node: Node) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(tensor.extents, tensor.layout)
        let bytes = tensor.layout.byteCount
        emit(node, reading: [tensor], writing: [result]) { addresses in
            addresses[1].copyMemory(from: addresses[0], byteCount: bytes)
        }
        return result
    }

    func plain(_ tensor: PlannedTensor, for node: Node) throws(ExecutionError) -> PlannedTensor {
        try converted(tensor, to: try plainLayout(tensor.extents, for: node), for: node)
    }

    /// The same values under other extents, row-major.
    func reshaped(
        _ tensor: PlannedTensor, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        var result = try plain(tensor, for: node)
        result.extents = extents
        result.layout = try plainLayout(extents, for: node)
        return result
    }

    // MARK: Differentiation

    /// Notes how a signal goes back through `node`; nothing is noted where no derivative passes through it.
    func record(_ node: Node, output: ValueID? = nil, _ product: @escaping TapeEntry.VectorJacobianProduct) {
        let output = output ?? node.output
        guard isDifferentiated(output) else { return }
        tape.append(
            TapeEntry(
                node: node, output: output, inputs: node.inputs.compactMap { $0 }, vectorJacobianProduct: product))
    }

    /// Whether some derivative passes through `value`.
    func isDifferentiated(_ value: ValueID) -> Bool { paths.contains { $0.contains(value) } }

    func path(ofDerivative index: Int) -> Set<ValueID> { paths[index] }

    // MARK: Fusion

    /// The one node that reads the node's output, where nobody else wants to see it.
    func onlyReader(of node: Node) -> Node? {
        useCounts[node.output] == 1 && !observed.contains(node.output) ? readers[node.output]?.first : nil
    }

    /// `node` is computed with the one before it.
    func noteFused(_ node: Node) { fused.insert(node.output) }

    /// The sum that alone reads the node's output and may be computed with it, and what is added: a tensor of the same
    /// extents that exists already.
    func takeFollowingSum(_ node: Node) -> (node: Node, other: PlannedTensor)? {
        guard let reader = onlyReader(of: node), reader.operation == .arithmetic(.add), reader.inputs.count == 2,
            let value = reader.inputs.first(where: { $0 != node.output }), let value, let other = tensors[value],
            !isKnown(value), other.extents == shape(of: node.output).dimensions,
            shape(of: reader.output) == shape(of: node.output),
            // Relevance is shared out by the summands, which must both be seen.
            request.derivatives.allSatisfy({ $0.rule.relevance == nil })
        else { return nil }
        noteFused(reader)
        return (reader, other)
    }

    /// A ReLU that alone reads the node's output.
    func takeFollowingReLU(_ node: Node) -> EltwiseActivation? {
        guard onlyReader(of: node)?.operation == .activation(.relu) else { return nil }
        return takeFollowingActivation(node)
    }

    func isFused(_ node: Node) -> Bool { fused.contains(node.output) }

    /// Whether nobody reads the tensor's memory after `node`, so that its result may be written there. What a backward
    /// walk reads is not known yet, so with derivatives nothing is.
    func isLastUse(of tensor: PlannedTensor, by node: Node) -> Bool {
        let whole = buffers.place(of: tensor.buffer).whole
        guard request.derivatives.isEmpty, case .arena = buffers[whole.index] else { return false }
        return tensors.allSatisfy { value, other in
            buffers.place(of: other.buffer).whole != whole
                || !observed.contains(value)
                    && (readers[value] ?? []).allSatisfy { isEmitted($0) || $0.output == node.output }
        }
    }

    private func isEmitted(_ node: Node) -> Bool { emitted.contains(node.output) || isFused(node) }

    func noteEmitted(_ node: Node) { emitted.insert(node.output) }

    // MARK: Errors

    /// Names the node in an error of oneDNN.
    func check<R>(_ node: Node, _ body: () throws(KernelStatus) -> R) throws(ExecutionError) -> R {
        do {
            return try body()
        } catch {
            throw .kernel(node: node.name, operation: node.operation.name, status: error.code)
        }
    }
}
