import CDNN
import Networks
import Tensors

/// The trained tensors of one network in the layouts its kernels want, each made once.
final class WeightStore {
    /// Aligned memory with values that never change again.
    final class Block {
        let layout: Layout
        let address: UnsafeMutableRawPointer

        /// The tensor whose memory this is; nil where it is the block's own.
        private let owner: Tensor?

        /// - Parameter isEmpty: whether nothing is ever read from it, so that it needs no memory.
        fileprivate init(layout: Layout, isEmpty: Bool = false) {
            self.layout = layout
            owner = nil
            address = .allocate(byteCount: isEmpty ? 64 : max(layout.byteCount, 64), alignment: 64)
        }

        /// The tensor's own memory, row-major. It is not written to while it has two owners.
        fileprivate init?(sharing tensor: Tensor, layout: Layout) {
            guard let start = tensor.withUnsafeValues({ $0.baseAddress }) else { return nil }
            self.layout = layout
            owner = tensor
            address = UnsafeMutableRawPointer(mutating: start)
        }

        /// Bytes that are here besides the network's own.
        var ownBytes: Int { owner == nil ? layout.byteCount : 0 }

        deinit { if owner == nil { address.deallocate() } }
    }

    /// Values of one sign, the others 0: relevance propagation asks for them.
    enum Sign: Hashable {
        case positive, negative
    }

    /// What a kernel wants of the values.
    enum Part: Hashable {
        case all
        case signed(Sign)
        /// [O,I,k…] as [I,O,k…] with each window turned by 180°.
        case turned(Sign? = nil)
        /// [O,C,1,k] or [O,C,k,1] as ``ToomCook`` multiplies with them, [points,C,O].
        case toomCook(window: Int)
        /// [C,O,k,k], or [O,C,k,k] where `isTransposed` is false, as [O,C,t,t] with the taps named, by axis, and zeros where
        /// there is none: one such list for each of the phases that are joined (see ``OutputPhases``).
        case taps([[[Int?]]], isTransposed: Bool)
        /// A vector so many times after itself.
        case repeated(Int)
        /// Integers as ``EightBitProduct`` multiplies with them, and what they mean, [2,O].
        case eightBit, eightBitFactors
    }

    private struct WeakBlock {
        weak var block: Block?
    }

    private struct Key: Hashable {
        let value: ValueID
        let part: Part
    }

    private let engine: Engine
    /// Whether blocks hold values; else plans can be laid out with them, and not run.
    private let holdsValues: Bool
    /// The plans hold the blocks; what no plan uses any more goes.
    private var blocks: [Key: [WeakBlock]] = [:]

    init(engine: Engine, holdsValues: Bool = true) {
        self.engine = engine
        self.holdsValues = holdsValues
    }

    /// Constant `value` of `graph`, seen as `extents`, in `layout`.
    func tensor(
        _ value: ValueID, as extents: [Int], in layout: Layout, part: Part = .all, of graph: Graph
    ) throws(KernelStatus) -> Block {
        let key = Key(value: value, part: part)
        if let known = blocks[key]?.lazy.compactMap(\.block).first(where: { $0.layout == layout }) { return known }
        guard let original = graph.constants[value]?.tensor else {
            throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS))
        }
        guard holdsValues else { return Block(layout: layout, isEmpty: true) }
        let tensor =
            switch part {
            case .all: original
            case .signed(let sign): original.values(of: sign)
            case .turned(nil): original.turned(to: extents)
            case .turned(let sign?): original.values(of: sign).turned(to: extents)
            case .toomCook(let window): ToomCook(window: window).transformed(original)
            case .taps(let phases, let isTransposed): original.taps(of: phases, isTransposed, as: extents)
            case .repeated(let count): original.repeated(count)
            case .eightBit: EightBitProduct.integers(original)
            case .eightBitFactors: EightBitProduct.factors(original)
            }
        let block = try copied(tensor, as: extents, into: layout)
        blocks[key, default: []].append(WeakBlock(block: block))
        return block
    }

    /// Memory of its own for a tensor, row-major.
    func block(of tensor: Tensor) throws(KernelStatus) -> Block {
        try copied(tensor, as: tensor.shape.dimensions, into: try Layout.plain(tensor.shape.dimensions))
    }

    /// Forgets what no plan holds any more.
    func releaseUnused() {
        blocks = blocks.mapValues { $0.filter { $0.block != nil } }.filter { !$0.value.isEmpty }
    }

    /// Bytes held, besides the tensors of the network itself.
    var byteCount: Int { blocks.values.joined().reduce(0) { $0 + ($1.block?.ownBytes ?? 0) } }

    private func copied(_ tensor: Tensor, as extents: [Int], into layout: Layout) throws(KernelStatus) -> Block {
        let plain = try Layout.plain(extents)
        if layout == plain, plain.byteCount == tensor.count * MemoryLayout<Float>.stride,
            let shared = Block(sharing: tensor, layout: layout)
        {
            return shared
        }
        let block = Block(layout: layout)
        try tensor.withUnsafeValues { (values) throws(KernelStatus) in
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

extension Tensor {
    fileprivate func values(of sign: WeightStore.Sign) -> Tensor {
        var result = self
        result.withUnsafeMutableValues { values in
            for index in values.indices {
                values[index] = sign == .positive ? max(values[index], 0) : min(values[index], 0)
            }
        }
        return result
    }

    /// Convolution weights with input and output channels exchanged and the windows turned by 180°.
    ///
    /// - Parameter extents: of the result, [I,O,k…] or [G,I/G,O/G,k…].
    fileprivate func turned(to extents: [Int]) -> Tensor {
        // A grouped tensor is [O,I/G,k…] here, of one rank less than its extents.
        let first = extents.count - shape.rank
        let (inputs, outputs) = (extents[first], extents[first + 1])
        let groups = extents[..<first].reduce(1, *)
        let window = extents[(first + 2)...].reduce(1, *)
        return Tensor(shape: shape) { target in
            withUnsafeValues { source in
                for group in 0..<groups {
                    for input in 0..<inputs {
                        for output in 0..<outputs {
                            let from = ((group * outputs + output) * inputs + input) * window
                            let to = ((group * inputs + input) * outputs + output) * window
                            for index in 0..<window { target[to + index] = source[from + window - 1 - index] }
                        }
                    }
                }
            }
        }
    }

    /// Weights of a convolution, or of one that is transposed, as those of convolutions with some of the taps, one after the
    /// other.
    ///
    /// - Parameter extents: of the result, [phases·O,C,t,t] or [G,O/G,C/G,t,t].
    fileprivate func taps(of phases: [[[Int?]]], _ isTransposed: Bool, as extents: [Int]) -> Tensor {
        let (rows, columns) = (shape[2], shape[3])
        let groups = extents.count == 5 ? extents[0] : 1
        let (inputs, outputs) = isTransposed ? (shape[0] / groups, shape[1]) : (shape[1], shape[0] / groups)
        let window = extents.suffix(2).reduce(1, *)
        let size = [groups * phases.count * outputs, inputs] + extents.suffix(2)
        guard let shape = try? Shape(size) else { return self }
        return Tensor(shape: shape) { target in
            withUnsafeValues { source in
                var next = 0
                for (phase, group) in (0..<phases.count).flatMap({ phase in (0..<groups).map { (phase, $0) } }) {
                    for output in 0..<outputs {
                        for input in 0..<inputs {
                            let matrix =
                                isTransposed
                                ? (group * inputs + input) * outputs + output
                                : (group * outputs + output) * inputs + input
                            for row in phases[phase][0] {
                                for column in phases[phase][1] {
                                    if let row, let column {
                                        target[next] = source[(matrix * rows + row) * columns + column]
                                    } else {
                                        target[next] = 0
                                    }
                                    next += 1
                                }
                            }
                        }
                    }
                }
                assert(next == size[0] * inputs * window)
            }
        }
    }

    fileprivate func repeated(_ count: Int) -> Tensor {
        guard count > 1, let shape = try? Shape([count * self.count]) else { return self }
        return Tensor(shape: shape) { target in
            withUnsafeValues { source in
                for index in target.indices { target[index] = source[index % source.count] }
            }
        }
    }
}
