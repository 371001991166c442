/// A tensor of a plan: what a ``Step`` reads and writes.
struct PlannedTensor {
    var extents: [Int]
    var layout: Layout
    var buffer: BufferID
    /// Bytes from the start of the buffer.
    var offset = 0
}
