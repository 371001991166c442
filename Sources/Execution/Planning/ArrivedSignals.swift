import Networks

/// The signals of one backward walk that have arrived at a value and did not go further yet, and whose memory may be
/// written over.
struct ArrivedSignals {
    private var signals: [ValueID: [PlannedTensor]] = [:]
    /// How often what arrives at a value will yet be taken: by the nodes that made it, and as a result.
    private var readers: [ValueID: Int] = [:]
    /// Buffers before this one are the forward pass's, another walk's, or the seed.
    private let firstBuffer: Int

    /// Of no walk: nothing may be written over.
    init() { firstBuffer = .max }

    /// - Parameters:
    ///   - readers: the values at which signals will be taken, once for each time.
    ///   - firstBuffer: the first that the walk makes for itself.
    init(readers: [ValueID], firstBuffer: Int) {
        for value in readers { self.readers[value, default: 0] += 1 }
        self.firstBuffer = firstBuffer
    }

    mutating func add(_ signal: PlannedTensor, at value: ValueID) {
        guard readers[value] != nil else { return }
        signals[value, default: []].append(signal)
    }

    /// What has arrived at `value`, for one of its readers.
    mutating func take(at value: ValueID) -> [PlannedTensor] {
        readers[value] = readers[value].flatMap { $0 > 1 ? $0 - 1 : nil }
        return signals.removeValue(forKey: value) ?? []
    }

    /// Keeps the sum of what was taken at `value` for the other readers, where there are any.
    mutating func keep(_ sum: PlannedTensor, at value: ValueID) {
        if readers[value] != nil { signals[value] = [sum] }
    }

    /// Takes the one signal that has arrived at `value`, to add another to it in its place; nil where there is none such,
    /// where it lies otherwise than in `layout`, and where somebody else reads it.
    ///
    /// - Parameter source: what the other is made of: a signal that went both ways cannot be added to while it is read.
    mutating func takeToAddTo(
        at value: ValueID, in layout: Layout, from source: PlannedTensor
    ) -> PlannedTensor? {
        guard let arrived = signals[value], arrived.count == 1, arrived[0].layout == layout,
            arrived[0].buffer != source.buffer
        else { return nil }
        signals[value] = nil
        if isFree(arrived[0].buffer) { return arrived[0] }
        signals[value] = arrived
        return nil
    }

    /// Whether the walk made the buffer and no signal that will yet be read lies there.
    func isFree(_ buffer: BufferID) -> Bool {
        buffer.index >= firstBuffer && !signals.values.contains { $0.contains { $0.buffer == buffer } }
    }
}
