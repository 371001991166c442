/// When each buffer of a list of steps must be intact, found by noting every use of it.
///
/// A value lives from the step that writes it to the last that reads it. What a backward walk reads of the forward pass
/// lives to the end of the list, so that walks can be run in any order and repeatedly.
package struct BufferLifetimes {
    private var uses: [ClosedRange<Int>?]
    private let forwardEnd: Int
    private let end: Int

    /// - Parameters:
    ///   - stepCount: length of the list, forward and backward.
    ///   - forwardEnd: the first step of the backward walks.
    package init(bufferCount: Int, stepCount: Int, forwardEnd: Int) {
        uses = Array(repeating: nil, count: bufferCount)
        self.forwardEnd = forwardEnd
        end = max(stepCount, 1)
    }

    /// Notes that step `step` reads or writes the buffer.
    package mutating func use(_ buffer: Int, at step: Int) {
        let known = uses[buffer] ?? step...step
        uses[buffer] = min(known.lowerBound, step)...max(known.upperBound, step)
    }

    /// Notes that the buffer is read when all steps have run.
    package mutating func useAtEnd(_ buffer: Int) { use(buffer, at: end) }

    /// The first and the last step at which the buffer must be intact, the end of the list being a step of its own; nil
    /// for a buffer that is never used.
    package subscript(buffer: Int) -> ClosedRange<Int>? {
        guard let known = uses[buffer] else { return nil }
        let crosses = known.lowerBound < forwardEnd && known.upperBound >= forwardEnd
        return crosses ? known.lowerBound...end : known
    }
}
