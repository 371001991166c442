import Execution
import Foundation
import Glibc
import Networks
import Tensors
import Testing

@Suite("A thread of its own")
struct ThreadExecutorTests {
    /// Counts on a thread of this name, which ends with the actor.
    private actor Counter {
        private let executor: ThreadExecutor
        private var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(name: String) { executor = ThreadExecutor(name: name) }

        func increment() -> (count: Int, thread: String) {
            count += 1
            return (count, Thread.current.name ?? "")
        }
    }

    /// How many threads of this process have this name, of up to 15 characters.
    private func threads(named name: String) throws -> Int {
        let folder = URL(filePath: "/proc/self/task")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).count { task in
            let comm = try? String(contentsOf: folder.appending(path: "\(task)/comm"), encoding: .utf8)
            return comm?.trimmingCharacters(in: .newlines) == name
        }
    }

    private func expectGone(_ name: String) async throws {
        for _ in 0..<500 where try threads(named: name) > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try threads(named: name) == 0)
    }

    @Test func jobsRunOnTheThreadInOrder() async throws {
        let counter = Counter(name: "in-order")
        for expected in 1...100 {
            let answer = await counter.increment()
            #expect(answer.count == expected)
            #expect(answer.thread == "in-order")
        }
    }

    @Test func theThreadEndsWithoutEverHavingHadAJob() async throws {
        do {
            let executor = ThreadExecutor(name: "idle-end")
            for _ in 0..<500 where try threads(named: "idle-end") == 0 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try threads(named: "idle-end") == 1)
            withExtendedLifetime(executor) {}
        }
        try await expectGone("idle-end")
    }

    /// The last reference goes with a job that is still running: on the thread itself, which must not wait for itself.
    @Test func theLastReferenceMayGoWithAJob() async throws {
        for _ in 0..<50 {
            let task = Task {
                let counter = Counter(name: "last-job")
                async let first = counter.increment()
                async let second = counter.increment()
                return await first.count + second.count
            }
            #expect(await task.value == 3)
            // Nobody waits for this one, so the job alone keeps the actor.
            do {
                let counter = Counter(name: "last-job")
                Task { _ = await counter.increment() }
            }
        }
        try await expectGone("last-job")
    }

    @Test func aDroppedSessionEndsItsThread() async throws {
        var network = try RandomNetwork(seed: 3)
        let image = try network.generator.tensor(network.imageShape.dimensions)
        weak var dropped: InferenceSession?
        do {
            let session = try InferenceSession(graph: network.graph, threads: 1)
            dropped = session
            try await session.perform { (evaluator) throws(ExecutionError) in
                _ = try evaluator.forward([image])
                nameThread("dropped-session")
            }
            #expect(try threads(named: "dropped-session") == 1)
        }
        #expect(dropped == nil)
        try await expectGone("dropped-session")
    }
}

private func nameThread(_ name: String) { Thread.current.name = name }
