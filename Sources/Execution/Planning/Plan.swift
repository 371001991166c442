import CDNN
import Foundation
import Networks
import Tensors

/// A compiled request: one linear list of steps over one arena.
final class Plan {
    enum Action {
        case primitive(Primitive, arguments: [Int32], memories: [OpaquePointer?])
        case kernel([UnsafeMutableRawPointer], Step.Kernel)
    }

    struct CompiledStep {
        let name: String
        let action: Action
    }

    /// What a pass needs besides the weights, in bytes.
    let arenaBytes: Int
    let steps: [CompiledStep]
    /// The steps before this one are the forward pass.
    let forwardEnd: Int
    let walks: [StepList.Walk]
    /// Counts the passes, so that a result of an older one is not read from a newer one.
    private(set) var generation = 0

    private let engine: Engine
    private let arena: Arena
    private let addresses: [UnsafeMutableRawPointer]
    private let inputs: [PlannedTensor]
    private let outputs: [ValueID: PlannedTensor]
    private let residents: [ValueID: PlannedTensor]
    // What the steps point to is kept alive with them.
    private let memories: [Memory]
    private let buffers: [Buffer]

    /// - Parameters:
    ///   - list: what is to run.
    ///   - share: what an arena of its own is part of.
    ///   - sharedArena: memory that plans which never run at the same time have in common; used where it is large enough.
    /// - Throws: `ExecutionError`; `.planTooLarge` and `.memoryInUse` before anything is allocated.
    init(
        _ list: StepList, on engine: Engine, of share: PlanShare, in sharedArena: Arena?
    ) throws(ExecutionError) {
        let placement = list.placed()
        if let sharedArena, placement.bytes <= sharedArena.capacity {
            arena = sharedArena
        } else {
            arena = try Arena(capacity: placement.bytes, of: share)
        }
        arenaBytes = placement.bytes
        let base = arena.base
        addresses = zip(list.buffers, placement.offsets).map { buffer, offset in
            switch buffer {
            // What no step uses is at no address that matters.
            case .arena, .piece: base + (offset ?? 0)
            case .weights(let block): block.address
            case .feature(let entry): entry.address
            }
        }
        buffers = list.buffers
        forwardEnd = list.forwardEnd
        walks = list.walks
        inputs = list.inputs
        outputs = list.outputs
        residents = list.residents
        self.engine = engine
        (steps, memories) = try Plan.compiled(list.steps, engine: engine, addresses: addresses)
    }

    // MARK: Running

    /// Runs the network forward.
    func run(_ tensors: [Tensor]) throws(ExecutionError) {
        load(tensors)
        try execute(0..<forwardEnd)
    }

    /// Runs a backward walk; may be called again with other seeds after one forward pass.
    func run(walk: Int, seed: Tensor) throws(ExecutionError) -> [Tensor?] {
        write(seed, to: walks[walk].seed)
        try execute(walks[walk].steps)
        return walks[walk].results.map { $0.map(read) }
    }

    /// What the forward pass left at an output or a kept value.
    func value(_ value: ValueID) -> Tensor? { outputs[value].map(read) }

    /// Where the forward pass leaves a resident value.
    func resident(_ value: ValueID) -> (tensor: PlannedTensor, address: UnsafeMutableRawPointer)? {
        residents[value].map { ($0, address($0)) }
    }

    /// Begins a pass on these inputs.
    func load(_ tensors: [Tensor]) {
        generation += 1
        for (input, tensor) in zip(inputs, tensors) { write(tensor, to: input) }
    }

    /// Begins a pass on numbers that mean nothing: whatever lies in memory might be no numbers at all, which takes much
    /// longer to compute with.
    func loadPlaceholders() {
        generation += 1
        for input in inputs { fill(input) }
    }

    /// Puts a signal that means nothing in at the source of the walk that begins with step `index`, if one does.
    func loadPlaceholderSeed(at index: Int) {
        for walk in walks where walk.steps.lowerBound == index { fill(walk.seed) }
    }

    func execute(_ range: Range<Int>) throws(ExecutionError) {
        for step in steps[range] {
            switch step.action {
            case .kernel(let addresses, let kernel):
                try kernel(addresses)
            case .primitive(let primitive, let arguments, let memories):
                do {
                    try primitive.execute(on: engine, arguments, memories)
                } catch {
                    throw .kernel(node: step.name, operation: primitive.implementation, status: error.code)
                }
            }
        }
    }

    private func fill(_ planned: PlannedTensor) {
        let count = planned.extents.reduce(1, *)
        address(planned).initializeMemory(as: Float.self, repeating: 0.5, count: count)
    }

    private func write(_ tensor: Tensor, to planned: PlannedTensor) {
        tensor.withUnsafeValues { values in
            if let start = values.baseAddress {
                address(planned).copyMemory(from: start, byteCount: values.count * MemoryLayout<Float>.stride)
            }
        }
    }

    private func read(_ planned: PlannedTensor) -> Tensor {
        // The extents were a valid shape when the plan was made.
        let shape = (try? Shape(planned.extents)) ?? .scalar
        return Tensor(shape: shape) { target in
            if let start = target.baseAddress {
                UnsafeMutableRawPointer(start).copyMemory(
                    from: address(planned), byteCount: target.count * MemoryLayout<Float>.stride)
            }
        }
    }

    private func address(_ tensor: PlannedTensor) -> UnsafeMutableRawPointer {
        addresses[tensor.buffer.index] + tensor.offset
    }

    // MARK: Compiling

    private static func compiled(
        _ steps: [Step], engine: Engine, addresses: [UnsafeMutableRawPointer]
    ) throws(ExecutionError) -> ([CompiledStep], [Memory]) {
        var memories: [Memory] = []
        var compiled: [CompiledStep] = []
        for step in steps {
            switch step.action {
            case .kernel(let tensors, let kernel):
                let bound = tensors.map { addresses[$0.buffer.index] + $0.offset }
                compiled.append(CompiledStep(name: step.name, action: .kernel(bound, kernel)))
            case .primitive(let primitive, let arguments):
                var bound: [OpaquePointer?] = []
                for (_, tensor) in arguments {
                    do {
                        let address = addresses[tensor.buffer.index] + tensor.offset
                        let memory = try Memory(tensor.layout, at: address, on: engine)
                        memories.append(memory)
                        bound.append(memory.handle)
                    } catch {
                        throw .kernel(node: step.name, operation: primitive.implementation, status: error.code)
                    }
                }
                compiled.append(
                    CompiledStep(
                        name: step.name,
                        action: .primitive(primitive, arguments: arguments.map(\.argument), memories: bound)))
            }
        }
        return (compiled, memories)
    }
}
