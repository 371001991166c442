import CDNN
import Networks
import Tensors

/// The trained tensors of one network in the layouts its kernels want, each made once.
final class WeightStore {
    /// Aligned memory with values that never change again.
    final class Block {
        let layout: Layout
        let address: UnsafeMutableRawPointer

        fileprivate init(layout: Layout) {
            self.layout = layout
            address = .allocate(byteCount: max(layout.byteCount, 64), alignment: 64)
        }

        deinit { address.deallocate() }
    }

    /// Which of the values a kernel wants; the others are 0 to it. Relevance propagation asks for one sign alone.
    enum Part: Hashable {
        case all, positive, negative

        fileprivate func take(_ value: Float) -> Float {
            switch self {
            case .all: value
            case .positive: max(value, 0)
            case .negative: min(value, 0)
            }
        }
    }

    private struct Key: Hashable {
        let value: ValueID
        let part: Part
    }

    private let engine: Engine
    private var blocks: [Key: [Block]] = [:]

    init(engine: Engine) { self.engine = engine }

    /// Constant `value` of `graph`, seen as `extents`, in `layout`.
    func tensor(
        _ value: ValueID, as extents: [Int], in layout: Layout, part: Part = .all, of graph: Graph
    ) throws(KernelStatus) -> Block {
        let key = Key(value: value, part: part)
        if let known = blocks[key]?.first(where: { $0.layout == layout }) { return known }
        guard var tensor = graph.constants[value]?.tensor else {
            throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS))
        }
        if part != .all {
            tensor.withUnsafeMutableValues { values in
                for index in values.indices { values[index] = part.take(values[index]) }
            }
        }
        let block = try copied(tensor, as: extents, into: layout)
        blocks[key, default: []].append(block)
        return block
    }

    /// Memory of its own for a tensor, row-major.
    func block(of tensor: Tensor) throws(KernelStatus) -> Block {
        try copied(tensor, as: tensor.shape.dimensions, into: try Layout.plain(tensor.shape.dimensions))
    }

    /// Bytes held.
    var byteCount: Int { blocks.values.joined().reduce(0) { $0 + $1.layout.byteCount } }

    private func copied(_ tensor: Tensor, as extents: [Int], into layout: Layout) throws(KernelStatus) -> Block {
        let block = Block(layout: layout)
        try tensor.withUnsafeValues { (values) throws(KernelStatus) in
            let plain = try Layout.plain(extents)
            guard let start = values.baseAddress, plain.byteCount == values.count * MemoryLayout<Float>.stride else {
                throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS))
            }
            let source = try Memory(plain, at: UnsafeMutableRawPointer(mutating: start), on: engine)
            let target = try Memory(layout, at: block.address, on: engine)
            let reorder = try Primitive { cdnn_reorder($0, engine.handle, plain.handle, layout.handle) }
            var arguments = [Int32(bitPattern: CDNN_ARG_SRC.rawValue), Int32(bitPattern: CDNN_ARG_DST.rawValue)]
            var memories: [OpaquePointer?] = [source.handle, target.handle]
            var scratch: UnsafeMutableRawPointer?
            defer { scratch?.deallocate() }
            var scratchMemory: Memory?
            if let wanted = try reorder.layout(CDNN_ARG_SCRATCHPAD), wanted.byteCount > 0 {
                let address = UnsafeMutableRawPointer.allocate(byteCount: wanted.byteCount, alignment: 64)
                scratch = address
                let memory = try Memory(wanted, at: address, on: engine)
                arguments.append(Int32(bitPattern: CDNN_ARG_SCRATCHPAD.rawValue))
                memories.append(memory.handle)
                scratchMemory = memory
            }
            try reorder.execute(on: engine, arguments, memories)
            extendLifetime(scratchMemory)
        }
        return block
    }
}
