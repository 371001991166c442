/// Which photos are still in the index, for looking up many.
struct LivingPhotos {
    private let first: UInt32
    private let words: [UInt64]
    let count: Int

    /// - Parameter ids: ascending.
    init(_ ids: [UInt32]) {
        let first = ids.first ?? 0
        let span = Int((ids.last ?? 0) - first) + 1
        var words = [UInt64](repeating: 0, count: (span + 63) / 64)
        for id in ids { words[Int(id - first) / 64] |= 1 << UInt64(Int(id - first) % 64) }
        self.first = first
        self.words = words
        count = ids.count
    }

    func contains(_ id: UInt32) -> Bool {
        guard id >= first else { return false }
        let index = Int(id - first)
        return index / 64 < words.count && words[index / 64] >> UInt64(index % 64) & 1 == 1
    }
}
