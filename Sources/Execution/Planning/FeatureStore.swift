import CDNN
import Networks
import Tensors

/// Activations of one image that many plans read: where a forward pass left them, and copies in other layouts where a
/// plan wants them so.
///
/// The memory stays where it is while the contents change from image to image.
final class FeatureStore {
    /// A tensor at an address.
    final class Entry {
        let extents: [Int]
        let layout: Layout
        let address: UnsafeMutableRawPointer
        private let isOwned: Bool
        /// The plan that owns the memory; nil where the entry does.
        private let owner: Plan?

        /// An entry in the memory of a plan.
        fileprivate init(extents: [Int], layout: Layout, address: UnsafeMutableRawPointer, owner: Plan) {
            self.extents = extents
            self.layout = layout
            self.address = address
            self.owner = owner
            isOwned = false
        }

        /// An entry in memory of its own.
        fileprivate init(extents: [Int], layout: Layout) {
            self.extents = extents
            self.layout = layout
            address = .allocate(byteCount: max(layout.byteCount, 64), alignment: 64)
            owner = nil
            isOwned = true
        }

        deinit { if isOwned { address.deallocate() } }
    }

    /// A copy from one layout to another, done again for each image.
    private struct Copy {
        let primitive: Primitive
        let arguments: [Int32]
        let memories: [Memory]
        let scratch: Entry?
    }

    private struct Key: Hashable {
        let value: ValueID
        let order: ChannelOrder
    }

    private let engine: Engine
    private var sources: [ValueID: Entry] = [:]
    private var entries: [Key: Entry] = [:]
    private var copies: [Copy] = []

    init(engine: Engine) { self.engine = engine }

    /// Makes `value` known as what `plan` leaves in memory.
    func add(
        _ value: ValueID, _ resident: (tensor: PlannedTensor, address: UnsafeMutableRawPointer),
        of plan: Plan
    ) {
        sources[value] = Entry(
            extents: resident.tensor.extents, layout: resident.tensor.layout, address: resident.address, owner: plan)
    }

    /// Makes memory for `value`, row-major, that the caller writes to.
    func allocate(_ value: ValueID, extents: [Int]) throws(KernelStatus) {
        sources[value] = Entry(extents: extents, layout: try Layout.plain(extents))
    }

    func holds(_ value: ValueID) -> Bool { sources[value] != nil }

    /// Writes a tensor to memory made by ``allocate(_:extents:)``.
    func write(_ tensor: Tensor, to value: ValueID) {
        guard let entry = sources[value], tensor.count == entry.extents.reduce(1, *) else { return }
        tensor.withUnsafeValues { values in
            if let start = values.baseAddress {
                entry.address.copyMemory(from: start, byteCount: values.count * MemoryLayout<Float>.stride)
            }
        }
    }

    /// The value in this order of memory.
    func entry(_ value: ValueID, in order: ChannelOrder) throws(KernelStatus) -> Entry {
        let key = Key(value: value, order: order)
        if let known = entries[key] { return known }
        guard let source = sources[value] else { throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS)) }
        let layout = try order.layout(source.extents)
        if source.layout == layout {
            entries[key] = source
            return source
        }
        let entry = Entry(extents: source.extents, layout: layout)
        let primitive = try Primitive { cdnn_reorder($0, engine.handle, source.layout.handle, layout.handle) }
        var arguments = [CDNN_ARG_SRC, CDNN_ARG_DST].map { Int32(bitPattern: $0.rawValue) }
        var memories = [
            try Memory(source.layout, at: source.address, on: engine),
            try Memory(layout, at: entry.address, on: engine),
        ]
        var scratch: Entry?
        if let wanted = try primitive.layout(CDNN_ARG_SCRATCHPAD), wanted.byteCount > 0 {
            let made = Entry(extents: [wanted.byteCount], layout: wanted)
            arguments.append(Int32(bitPattern: CDNN_ARG_SCRATCHPAD.rawValue))
            memories.append(try Memory(wanted, at: made.address, on: engine))
            scratch = made
        }
        let copy = Copy(primitive: primitive, arguments: arguments, memories: memories, scratch: scratch)
        try run(copy)
        copies.append(copy)
        entries[key] = entry
        return entry
    }

    /// Brings the copies up to date after the sources have got new contents.
    func refresh() throws(KernelStatus) {
        for copy in copies { try run(copy) }
    }

    private func run(_ copy: Copy) throws(KernelStatus) {
        try copy.primitive.execute(on: engine, copy.arguments, copy.memories.map(\.handle))
    }
}
