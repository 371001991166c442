import Execution
import Foundation
import Glibc
import Networks
import Synchronization
import Tensors
import Testing

@Suite("A session shared by many")
struct SessionTurnsTests {
    /// Waits, without keeping a thread, until `condition` holds; ten minutes at most.
    private func wait(until condition: @Sendable () -> Bool) async throws {
        for _ in 0..<60_000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(condition())
    }

    private func session() throws -> (InferenceSession, Tensor) {
        var network = try RandomNetwork(seed: 5)
        let image = try network.generator.tensor(network.imageShape.dimensions)
        return (try InferenceSession(graph: network.graph, threads: 1), image)
    }

    @Test func anUrgentAskerComesBetweenTwoPieces() async throws {
        let (session, image) = try session()
        let log = Mutex<[String]>([])
        let begun = Mutex(false)
        let photoIsDone = Mutex(false)
        async let long: Void = session.perform(as: .longQuestion) { (evaluator) throws(ExecutionError) in
            log.withLock { $0.append("long") }
            begun.withLock { $0 = true }
            // As many pieces as it takes until the photo has had its turn.
            while !photoIsDone.withLock({ $0 }) {
                _ = try evaluator.forward([image])
                await evaluator.endPiece()
            }
            log.withLock { $0.append("long again") }
        }
        try await wait { begun.withLock { $0 } }
        try await session.perform(as: .freshPhoto) { (evaluator) throws(ExecutionError) in
            log.withLock { $0.append("photo") }
            _ = try evaluator.forward([image])
            photoIsDone.withLock { $0 = true }
        }
        try await long
        #expect(log.withLock { $0 } == ["long", "photo", "long again"])
    }

    /// Several computations of many pieces at once, beside urgent ones: each counts its own pieces only, nobody is let
    /// into the middle of one, and every answer is what it is alone, to the bit.
    @Test func manyAskersGetTheAnswersThatTheyGetAlone() async throws {
        let (session, image) = try session()
        let alone = try await session.perform { try $0.forward([image]).output() }
        let watch = PieceWatch()
        try await withThrowingTaskGroup(of: (scale: Float, outputs: [Tensor]).self) { group in
            for scale in [Float(1), 2, 3] {
                group.addTask {
                    (scale, try await Self.pieces(200, of: image, times: scale, as: .longQuestion, session, watch))
                }
            }
            for _ in 0..<40 {
                group.addTask { (1, try await Self.pieces(1, of: image, times: 1, as: .freshPhoto, session, watch)) }
                group.addTask { (1, try await Self.pieces(2, of: image, times: 1, as: .question, session, watch)) }
            }
            for try await answer in group {
                #expect(answer.outputs.allSatisfy { $0 == answer.outputs[0] })
                if answer.scale == 1 { #expect(answer.outputs[0] == alone) }
            }
        }
        #expect(watch.overlaps == 0)
    }

    /// One forward pass a piece, on the image times a factor.
    private static func pieces(
        _ count: Int, of image: Tensor, times scale: Float, as urgency: Urgency, _ session: InferenceSession,
        _ watch: PieceWatch
    ) async throws -> [Tensor] {
        let scaled = Tensor(shape: image.shape) { values in
            for index in values.indices { values[index] = image[index] * scale }
        }
        return try await session.perform(as: urgency) { (evaluator) throws(ExecutionError) in
            var outputs: [Tensor] = []
            for _ in 0..<count {
                watch.begin()
                outputs.append(try evaluator.forward([scaled]).output())
                watch.end()
                await evaluator.endPiece()
            }
            return outputs
        }
    }

    @Test func anErrorEndsTheTurn() async throws {
        let (session, image) = try session()
        await #expect(throws: ExecutionError.self) { try await session.perform { _ = try $0.forward([]) } }
        #expect(try await session.perform { try $0.forward([image]).output() }.count > 0)
    }

    @Test func progressIsSeenAndAHangIsToo() async throws {
        let (session, image) = try session()
        #expect(session.stalled == .zero)
        let isReleased = Mutex(false)
        async let hung: Void = session.perform { _ in
            while !isReleased.withLock({ $0 }) { usleep(1000) }
        }
        try await wait { session.stalled > .milliseconds(300) }
        isReleased.withLock { $0 = true }
        await hung
        #expect(session.stalled == .zero)

        let isDone = Mutex(false)
        async let busy: Void = session.perform(as: .longQuestion) { (evaluator) throws(ExecutionError) in
            while !isDone.withLock({ $0 }) {
                _ = try evaluator.forward([image])
                await evaluator.endPiece()
            }
        }
        // Without the signs that its passes give it would be stalled for that long, and longer with each look.
        try await Task.sleep(for: .seconds(3))
        try await wait { session.stalled < .seconds(2) }
        isDone.withLock { $0 = true }
        try await busy
    }
}

/// Notices where two pieces run at the same time.
private final class PieceWatch: Sendable {
    private let state = Mutex((isInPiece: false, overlaps: 0))

    var overlaps: Int { state.withLock { $0.overlaps } }

    func begin() {
        state.withLock { state in
            if state.isInPiece { state.overlaps += 1 }
            state.isInPiece = true
        }
    }

    func end() { state.withLock { $0.isInPiece = false } }
}
