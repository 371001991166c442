import Networks

/// What a ``PlanBuilder`` makes of a request: steps in the order in which they run, forward and then backward, over
/// buffers that have no place in memory yet. A ``Plan`` is made of it.
struct StepList {
    /// A backward walk within the list.
    struct Walk {
        let steps: Range<Int>
        /// Where the signal at the walk's source is put in.
        let seed: PlannedTensor
        /// The signal at each target; nil where none arrives.
        let results: [PlannedTensor?]
    }

    /// Where the buffers of the arena are put.
    struct Placement {
        /// Size of the arena.
        let bytes: Int
        /// Where each buffer starts, in bytes; nil for what lies elsewhere and for what no step uses.
        let offsets: [Int?]
    }

    let steps: [Step]
    let buffers: [Buffer]
    /// The tensors that the caller supplies, in the order of the graph's inputs.
    let inputs: [PlannedTensor]
    /// The values that are readable after the pass, row-major.
    let outputs: [ValueID: PlannedTensor]
    /// The values that stay in memory after the pass, in whatever layout they have.
    let residents: [ValueID: PlannedTensor]
    /// The steps before this one are the forward pass.
    let forwardEnd: Int
    let walks: [Walk]

    /// When each buffer must be intact; pieces are part of the whole.
    func lifetimes() -> BufferLifetimes {
        var lifetimes = BufferLifetimes(
            bufferCount: buffers.count, stepCount: steps.count, forwardEnd: forwardEnd)
        func use(_ buffer: BufferID, at step: Int) { lifetimes.use(buffers.place(of: buffer).whole.index, at: step) }
        for input in inputs { use(input.buffer, at: 0) }
        for (index, step) in steps.enumerated() {
            for buffer in step.reads + step.writes { use(buffer, at: index) }
        }
        for tensor in Array(outputs.values) + Array(residents.values) {
            lifetimes.useAtEnd(buffers.place(of: tensor.buffer).whole.index)
        }
        for walk in walks {
            use(walk.seed.buffer, at: walk.steps.lowerBound)
            for case let result? in walk.results { use(result.buffer, at: walk.steps.upperBound) }
        }
        return lifetimes
    }

    /// Packs the buffers that share the arena.
    func placed() -> Placement {
        let lifetimes = lifetimes()
        var packed: [(buffer: Int, lifetime: MemoryPlanner.Lifetime)] = []
        for (index, buffer) in buffers.enumerated() {
            guard case .arena(let bytes) = buffer, let lifetime = lifetimes[index] else { continue }
            packed.append(
                (index, MemoryPlanner.Lifetime(bytes: bytes, first: lifetime.lowerBound, last: lifetime.upperBound)))
        }
        let packing = MemoryPlanner.pack(packed.map(\.lifetime))
        var offsets = [Int?](repeating: nil, count: buffers.count)
        for (entry, offset) in zip(packed, packing.offsets) { offsets[entry.buffer] = offset }
        for index in buffers.indices {
            let place = buffers.place(of: BufferID(index: index))
            if place.whole.index != index { offsets[index] = offsets[place.whole.index].map { $0 + place.offset } }
        }
        return Placement(bytes: packing.bytes, offsets: offsets)
    }
}
