import Execution
import Testing

@Suite struct MemoryPlannerTests {
    private typealias Lifetime = MemoryPlanner.Lifetime

    @Test func valuesThatFollowOneAnotherShareMemory() {
        let packing = MemoryPlanner.pack([
            Lifetime(bytes: 640, first: 0, last: 1), Lifetime(bytes: 640, first: 2, last: 3),
            Lifetime(bytes: 640, first: 4, last: 5),
        ])
        #expect(packing.offsets == [0, 0, 0])
        #expect(packing.bytes == 640)
    }

    @Test func aValueReadInTheStepThatWritesAnotherDoesNotShareWithIt() {
        let packing = MemoryPlanner.pack([
            Lifetime(bytes: 64, first: 0, last: 1), Lifetime(bytes: 64, first: 1, last: 2),
        ])
        #expect(Set(packing.offsets) == [0, 64])
    }

    @Test func aGapLargeEnoughIsFilled() {
        // The long-lived small value goes behind the large ones; the middle one fits into what the first leaves.
        let packing = MemoryPlanner.pack([
            Lifetime(bytes: 1024, first: 0, last: 1), Lifetime(bytes: 512, first: 2, last: 4),
            Lifetime(bytes: 512, first: 2, last: 4), Lifetime(bytes: 64, first: 0, last: 4),
        ])
        #expect(packing.bytes == 1024 + 64)
    }

    @Test func nothingNeedsNoMemory() {
        #expect(MemoryPlanner.pack([]).bytes == 0)
    }

    /// Seeded random lifetimes: the two things that must hold, and a bound on what may be wasted.
    @Test(arguments: 0..<50)
    func valuesThatLiveTogetherNeverOverlap(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let lifetimes = (0..<120).map { _ in
            let first = random(60)
            return Lifetime(bytes: 1 + random(5000), first: first, last: first + random(12))
        }
        let packing = MemoryPlanner.pack(lifetimes)
        for (index, lifetime) in lifetimes.enumerated() {
            #expect(packing.offsets[index] % 64 == 0)
            #expect(packing.offsets[index] + lifetime.bytes <= packing.bytes)
            for (other, second) in lifetimes.enumerated().dropFirst(index + 1) where lifetime.overlaps(second) {
                let isApart =
                    packing.offsets[index] + lifetime.bytes <= packing.offsets[other]
                    || packing.offsets[other] + second.bytes <= packing.offsets[index]
                #expect(isApart)
            }
        }
        let busiest =
            (0..<72).map { step in
                lifetimes.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + $1.bytes }
            }.max() ?? 0
        #expect(packing.bytes < busiest * 2)
    }
}
