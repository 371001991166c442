import Networks
import Tensors

// A concatenation copies nothing where its memory is that of its parts one behind the other: what makes a part then
// writes it there. DenseNet's concatenations, each of which begins with the one before, have one memory together.

extension PlanBuilder {
    /// Tensors of one order of memory, one behind the other along `axis`.
    ///
    /// What cannot be moved to its place is copied: a weight, a tensor that is there twice, or one that is a piece of some
    /// other whole already.
    ///
    /// - Returns: nil where the tensors do not follow one another in memory, or where none can be moved.
    func sideBySide(
        _ parts: [PlannedTensor], axis: Int, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        guard let layout = layout(ofJoined: parts, axis: axis, extents),
            parts.indices.contains(where: { movable(parts[$0...], to: start(of: $0, in: parts)) != nil })
        else { return nil }
        let whole = allocate(extents, layout)
        var index = 0
        while index < parts.count {
            let offset = start(of: index, in: parts)
            if let (buffer, count) = movable(parts[index...], to: offset) {
                move(buffer, into: whole.buffer, at: offset)
                index += count
            } else {
                copy(parts[index], into: whole, at: offset, for: node)
                index += 1
            }
        }
        return whole
    }

    /// Bytes from the beginning of the whole.
    private func start(of index: Int, in parts: [PlannedTensor]) -> Int {
        parts[..<index].reduce(0) { $0 + $1.layout.byteCount }
    }

    /// The layout of the whole, where its parts lie in it one behind the other; all have one order, with whole blocks of
    /// channels where these are blocked.
    private func layout(ofJoined parts: [PlannedTensor], axis: Int, _ extents: [Int]) -> Layout? {
        guard extents[..<axis].allSatisfy({ $0 == 1 }), !extents.contains(0) else { return nil }
        let isPlain = parts.allSatisfy { part in (try? Layout.plain(part.extents)).map { $0 == part.layout } ?? false }
        if isPlain { return try? Layout.plain(extents) }
        guard axis == 1, let order = ChannelOrder.of(parts[0].layout, extents: parts[0].extents),
            case .blocked(let width) = order,
            parts.allSatisfy({ ChannelOrder.of($0.layout, extents: $0.extents) == order }),
            // Of the last, what fills its block up does so in the whole as well.
            parts.dropLast().allSatisfy({ $0.extents[1] % width == 0 })
        else { return nil }
        return try? order.layout(extents)
    }

    /// The buffer that the first of the parts fill from its beginning to its end, and how many they are; nil where it cannot
    /// be put at `offset` of another.
    private func movable(_ parts: ArraySlice<PlannedTensor>, to offset: Int) -> (buffer: BufferID, count: Int)? {
        guard let first = parts.first, offset % PlanBuilder.alignment == 0 else { return nil }
        let whole = buffers.place(of: first.buffer).whole
        guard case .arena(let bytes) = buffers[whole.index] else { return nil }
        var filled = 0
        for (count, part) in parts.enumerated() {
            let place = buffers.place(of: part.buffer)
            guard place.whole == whole, place.offset + part.offset == filled else { return nil }
            filled += part.layout.byteCount
            if filled == bytes { return (whole, count + 1) }
        }
        return nil
    }

    /// In bytes: what kernels expect of a tensor's address.
    private static let alignment = 64

    private func copy(_ part: PlannedTensor, into whole: PlannedTensor, at offset: Int, for node: Node) {
        var target = part
        (target.buffer, target.offset) = (whole.buffer, offset)
        let bytes = part.layout.byteCount
        emit(node, reading: [part], writing: [target]) { addresses in
            addresses[1].copyMemory(from: addresses[0], byteCount: bytes)
        }
    }
}
