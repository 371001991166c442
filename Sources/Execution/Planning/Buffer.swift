/// Memory that the steps of a list read and write.
enum Buffer {
    /// Memory that buffers which are not needed at the same time share.
    case arena(bytes: Int)
    /// A piece of another buffer, so many bytes from its start: what goes there lies where it is wanted next.
    case piece(of: BufferID, at: Int)
    /// Trained values, which outlive the plan.
    case weights(WeightStore.Block)
    /// An activation that another plan left in memory.
    case feature(FeatureStore.Entry)
}

/// Index of a buffer in ``StepList/buffers``.
struct BufferID: Hashable {
    let index: Int
}

extension [Buffer] {
    /// The buffer that is no piece in which another lies, and how many bytes from its start.
    func place(of buffer: BufferID) -> (whole: BufferID, offset: Int) {
        var (whole, offset) = (buffer, 0)
        while case .piece(let larger, let start) = self[whole.index] {
            whole = larger
            offset += start
        }
        return (whole, offset)
    }
}
