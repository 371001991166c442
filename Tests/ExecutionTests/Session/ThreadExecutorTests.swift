import Execution
import Foundation
import Networks
import Tensors
import Testing

@Suite("A thread of its own")
struct ThreadExecutorTests {
    /// Counts on a thread that ends with the actor.
    private actor Counter {
        private let executor = ThreadExecutor(name: "counter")
        private var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func increment() throws -> (count: Int, thread: String) {
            count += 1
            return (count, try currentThread())
        }
    }

    /// Waits until the thread has ended.
    private func expectGone(_ thread: String) async throws {
        for _ in 0..<60_000 where FileManager.default.fileExists(atPath: "/proc/\(thread)") {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(thread)"))
    }

    @Test func jobsRunOnTheThreadInOrder() async throws {
        let counter = Counter()
        let thread = try await counter.increment().thread
        for expected in 2...100 {
            let answer = try await counter.increment()
            #expect(answer.count == expected)
            #expect(answer.thread == thread)
        }
    }

    @Test func theThreadEndsWithoutEverHavingHadAJob() async throws {
        let (threads, continuation) = AsyncStream.makeStream(of: String.self)
        do {
            let executor = ThreadExecutor(name: "idle") { continuation.yield((try? currentThread()) ?? "") }
            withExtendedLifetime(executor) {}
        }
        var iterator = threads.makeAsyncIterator()
        let thread = try #require(await iterator.next())
        #expect(thread.contains("/task/"))
        try await expectGone(thread)
    }

    /// The last reference goes with a job that is still running: on the thread itself, which must not wait for itself.
    @Test func theLastReferenceMayGoWithAJob() async throws {
        let (threads, continuation) = AsyncStream.makeStream(of: String.self)
        for _ in 0..<50 {
            let counter = Counter()
            // Nobody waits for this one, so the job alone keeps the actor.
            Task { continuation.yield((try? await counter.increment().thread) ?? "") }
        }
        var iterator = threads.makeAsyncIterator()
        for _ in 0..<50 { try await expectGone(try #require(await iterator.next())) }
    }

    /// A network's kernels and their threads belong to one thread, whatever a computation awaits in between.
    @Test func whatAComputationAwaitsStaysOnTheSessionsThread() async throws {
        let network = try RandomNetwork(seed: 3)
        let session = try InferenceSession(graph: network.graph, threads: 1)
        let thread = try await session.perform { _ in Result { try currentThread() } }.get()
        let threads = try await session.perform(as: .longQuestion) { (evaluator) throws(any Error) in
            var threads = [try currentThread(), try await elsewhere()]
            await evaluator.endPiece()
            threads.append(try currentThread())
            try await Task.sleep(for: .milliseconds(1))
            return threads + [try currentThread()]
        }
        #expect(threads == Array(repeating: thread, count: 4))
    }

    @Test func aDroppedSessionEndsItsThread() async throws {
        var network = try RandomNetwork(seed: 3)
        let image = try network.generator.tensor(network.imageShape.dimensions)
        weak var dropped: InferenceSession?
        let thread: String
        do {
            let session = try InferenceSession(graph: network.graph, threads: 1)
            dropped = session
            thread = try await session.perform { (evaluator) throws(any Error) in
                _ = try evaluator.forward([image])
                return try currentThread()
            }
            #expect(FileManager.default.fileExists(atPath: "/proc/\(thread)"))
        }
        #expect(dropped == nil)
        try await expectGone(thread)
    }
}

/// The thread on which a function runs that belongs to no actor.
private func elsewhere() async throws -> String { try currentThread() }

/// `PID/task/TID` of the calling thread.
private func currentThread() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
}
