/// Packs values that do not live at the same time into the same memory.
///
/// A pure function: larger values first, each at the lowest offset that is free during its whole life (the greedy-by-
/// size strategy of Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
package enum MemoryPlanner {
    /// A value of `bytes` bytes that must be intact from step `first` to step `last`, both included.
    package struct Lifetime: Equatable {
        package var bytes: Int
        package var first: Int
        package var last: Int

        package init(bytes: Int, first: Int, last: Int) {
            self.bytes = bytes
            self.first = first
            self.last = last
        }

        package func overlaps(_ other: Lifetime) -> Bool { first <= other.last && other.first <= last }
    }

    package struct Packing: Equatable {
        /// Where each value starts, in bytes, in the order given.
        package var offsets: [Int]
        /// Size of the arena.
        package var bytes: Int
    }

    package static func pack(_ lifetimes: [Lifetime], alignment: Int = 64) -> Packing {
        func aligned(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }

        var offsets = [Int](repeating: 0, count: lifetimes.count)
        var placed: [Int] = []  // by offset
        var total = 0
        let bySize = lifetimes.indices.sorted {
            (lifetimes[$0].bytes, lifetimes[$1].first) > (lifetimes[$1].bytes, lifetimes[$0].first)
        }
        for index in bySize {
            let lifetime = lifetimes[index]
            var offset = 0
            for other in placed where lifetimes[other].overlaps(lifetime) {
                if offset + lifetime.bytes <= offsets[other] { break }
                offset = max(offset, aligned(offsets[other] + lifetimes[other].bytes))
            }
            offsets[index] = offset
            total = max(total, offset + lifetime.bytes)
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.endIndex
            placed.insert(index, at: position)
        }
        return Packing(offsets: offsets, bytes: aligned(total))
    }
}
