import Service
import Synchronization
import TestSupport
import Testing

/// Memory that work has left goes back to the system, while there is more work and after it.
@Suite(.timeLimit(.minutes(30))) struct MemoryKeeperTests {
    private final class Counts: Sendable {
        let work = Atomic(0)
        let givenBack = Atomic(0)
        let trimmed = Atomic(0)

        func keeper(isWorking: @escaping @Sendable () -> Bool) -> MemoryKeeper {
            MemoryKeeper(
                interval: .milliseconds(1),
                work: { [self] in
                    if isWorking() { work.wrappingAdd(1, ordering: .relaxed) }
                    return work.load(ordering: .relaxed)
                },
                giveBack: { [self] in givenBack.wrappingAdd(1, ordering: .relaxed) },
                trim: { [self] in trimmed.wrappingAdd(1, ordering: .relaxed) })
        }
    }

    @Test func whileThereIsWorkTheHeapIsTrimmedAndNetworksKeepWhatTheyHave() async throws {
        let counts = Counts()
        let keeping = Task { try await counts.keeper { true }.run() }
        #expect(try await eventually { counts.trimmed.load(ordering: .relaxed) >= 3 })
        keeping.cancel()
        try await keeping.value
        #expect(counts.givenBack.load(ordering: .relaxed) == 0)
    }

    @Test func onceThereIsNoneNetworksGiveBackOnce() async throws {
        let counts = Counts()
        let keeping = Task { try await counts.keeper { counts.work.load(ordering: .relaxed) < 3 }.run() }
        #expect(try await eventually { counts.givenBack.load(ordering: .relaxed) == 1 })
        // Many more half minutes.
        try await Task.sleep(for: .milliseconds(100))
        keeping.cancel()
        try await keeping.value
        #expect(counts.givenBack.load(ordering: .relaxed) == 1)
    }
}
