import Execution
import Networks
import Tensors
import Testing

/// What plans compute in is bounded, and given back.
@Suite struct PlanMemoryTests {
    private func shape(_ side: Int) throws -> Shape { try Shape([1, 3, side, side]) }

    /// What a pass over a square picture takes, with its gradient.
    private func bytes(_ session: InferenceSession, _ shape: Shape) async throws -> Int {
        let gradient = Derivative(of: session.graph.outputs[0], withRespectTo: [session.graph.inputs[0].value])
        return try await session.perform { (evaluator) throws(ExecutionError) in
            try evaluator.planBytes(inputShapes: [shape], derivatives: [gradient])
        }
    }

    @Test func aPassThatIsTooLargeIsRefusedBeforeItTakesAnything() async throws {
        let memory = PlanMemory(limit: 64 << 20)
        let session = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
        let (large, small) = (try shape(2000), try shape(64))
        do {
            _ = try await bytes(session, large)
            Issue.record("a gradient of 2000×2000 pixels was planned in 64 MiB")
        } catch ExecutionError.planTooLarge(let bytes, let limit) {
            #expect(bytes > 4 * limit && limit == 64 << 20, "\(bytes)")
            let message = "\(ExecutionError.planTooLarge(bytes: bytes, limit: limit))"
            #expect(
                message.contains("\(bytes >> 20) MiB") && message.contains("have 64;")
                    && message.contains("maxPlanMemory"))
        }
        #expect(memory.held == 0)
        let scores = try await session.perform { (evaluator) throws(ExecutionError) in
            try evaluator.forward([Tensor(shape: small, repeating: 0.5)]).output(0)
        }
        #expect(scores.count == 3 && memory.held > 0)
    }

    @Test func plansKeptForLaterMakeRoomForTheNextOne() async throws {
        let free = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: PlanMemory())
        let sides = [64, 96, 128, 160]
        var sizes: [Int] = []
        for side in sides { sizes.append(try await bytes(free, try shape(side))) }
        let largest = try #require(sizes.max())
        let memory = PlanMemory(limit: largest + sizes[0])
        let session = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
        for (side, size) in zip(sides, sizes) {
            #expect(try await bytes(session, try shape(side)) == size)
            #expect(memory.held >= size && memory.held <= memory.limit)
        }
        // The latest of those that fit beside the largest.
        #expect(memory.held < sizes.reduce(0, +))
    }

    @Test func largePlansAreGivenBackAndSmallOnesKept() async throws {
        let memory = PlanMemory()
        let session = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
        let large = try await bytes(session, try shape(1200))
        let small = try await bytes(session, try shape(64))
        try #require(large > 64 << 20 && memory.held == large + small)
        await session.giveMemoryBack()
        #expect(memory.held == small)
        #expect(try await bytes(session, try shape(64)) == small && memory.held == small)
    }

    /// A session that comes looks which others there are; one that goes at that moment may end by it, and gives its memory
    /// back then. Neither may wait for the other.
    @Test(.timeLimit(.minutes(10))) func sessionsComeAndGoAtOnce() async throws {
        let memory = PlanMemory()
        let graph = try Fixtures.graph("cam_form")
        let file = try #require(try Fixtures.meta("cam_form").inputs.values.first)
        let input = try Fixtures.tensor("networks/cam_form/\(file)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    for _ in 0..<40 {
                        let session = try InferenceSession(graph: graph, threads: 1, memory: memory)
                        _ = try await session.perform { (evaluator) throws(ExecutionError) in
                            try evaluator.forward([input]).output(0)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for _ in 0..<60_000 where memory.held > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(memory.held == 0)
    }

    @Test func aSessionThatGoesGivesEverythingBack() async throws {
        let memory = PlanMemory()
        do {
            let session = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
            _ = try await bytes(session, try shape(64))
            try #require(memory.held > 0)
        }
        // Its thread may be the last to let go of it.
        for _ in 0..<60_000 where memory.held > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(memory.held == 0)
    }

    // MARK: Several sessions

    /// The memory that several sessions compute in together, and what passes over squares of these sides take in each.
    private func sessions(_ count: Int, sides: [Int], limit: ([Int]) -> Int) async throws -> (
        memory: PlanMemory, sessions: [InferenceSession], sizes: [Int]
    ) {
        let free = try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: PlanMemory())
        var sizes: [Int] = []
        for side in sides { sizes.append(try await bytes(free, try shape(side))) }
        let memory = PlanMemory(limit: limit(sizes), patience: .zero)
        let sessions = try (0..<count).map { _ in
            try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
        }
        return (memory, sessions, sizes)
    }

    @Test func allSessionsTogetherStayWithinTheLimit() async throws {
        let sides = [64, 96, 128]
        let (memory, sessions, sizes) = try await sessions(2, sides: sides) { $0[0] + $0[1] + $0[2] }
        for side in sides {
            for session in sessions {
                _ = try await bytes(session, try shape(side))
                #expect(memory.held <= memory.limit)
            }
        }
        // Each session alone would have kept all three.
        #expect(memory.held < 2 * sizes.reduce(0, +) && memory.held > 0)
        // A session that goes gives its part back.
        withExtendedLifetime(sessions) {}
    }

    @Test func whatWasUsedLongestAgoGoesFirstWhoeverKeepsIt() async throws {
        let (memory, sessions, sizes) = try await sessions(2, sides: [64, 96, 128]) { $0[0] + $0[1] + $0[2] }
        let (first, second) = (sessions[0], sessions[1])
        _ = try await bytes(first, try shape(64))
        _ = try await bytes(second, try shape(96))
        _ = try await bytes(second, try shape(128))
        try #require(memory.held == sizes.reduce(0, +))
        // Used again: now the 96 is oldest, and it is the asker's own.
        _ = try await bytes(first, try shape(64))
        _ = try await bytes(second, try shape(64))
        #expect(memory.held == 2 * sizes[0] + sizes[2])
        // Now the 128, which is somebody else's.
        _ = try await bytes(first, try shape(96))
        #expect(memory.held == 2 * sizes[0] + sizes[1])
        withExtendedLifetime(sessions) {}
    }

    @Test func whatIsComputedInStaysAndWhoeverNeedsItsRoomIsToldToAskAgain() async throws {
        let (memory, sessions, sizes) = try await sessions(2, sides: [96, 128]) { $0[1] }
        let image = Tensor(shape: try shape(96), repeating: 0.5)
        let (other, large) = (sessions[1], try shape(128))
        let scores = try await sessions[0].perform { (evaluator) async throws -> Tensor in
            let gradient = Derivative(of: evaluator.graph.outputs[0], withRespectTo: [evaluator.graph.inputs[0].value])
            let pass = try evaluator.forward([image], derivatives: [gradient])
            do {
                _ = try await self.bytes(other, large)
                Issue.record("\(sizes[1]) bytes were planned beside \(memory.held) of \(memory.limit)")
            } catch ExecutionError.memoryInUse(let bytes, let limit) {
                #expect(bytes == sizes[1] && limit == memory.limit)
            }
            #expect(memory.held == sizes[0])
            return try pass.output(0)
        }
        #expect(scores.count == 3)
        // Nobody computes in it any more.
        #expect(try await bytes(other, large) == sizes[1])
        #expect(memory.held == sizes[1])
    }

    @Test func whatASessionComputesInCountsForItsNextPlan() async throws {
        let (memory, sessions, sizes) = try await sessions(1, sides: [96, 128]) { $0[1] }
        let image = Tensor(shape: try shape(96), repeating: 0.5)
        let large = try shape(128)
        try await sessions[0].perform { (evaluator) throws in
            let gradient = Derivative(of: evaluator.graph.outputs[0], withRespectTo: [evaluator.graph.inputs[0].value])
            let pass = try evaluator.forward([image], derivatives: [gradient])
            do {
                _ = try evaluator.planBytes(inputShapes: [large], derivatives: [gradient])
                Issue.record("\(sizes) bytes were planned together in \(memory.limit)")
            } catch ExecutionError.planTooLarge(let bytes, _) {
                #expect(bytes == sizes[0] + sizes[1])
            }
            _ = try pass.output(0)
        }
    }

    @Test func sweepsThatAreKeptMakeRoomToo() async throws {
        let memory = PlanMemory(limit: 40 << 20, patience: .zero)
        let sessions = try (0..<2).map { _ in
            try InferenceSession(graph: try Fixtures.petshop(), threads: 1, memory: memory)
        }
        let image = Tensor(shape: try shape(64), repeating: 0.5)
        for session in sessions {
            try await session.perform { (evaluator) throws in
                var request = WindowSweep.Request(
                    imageShape: image.shape, rows: [0..<16, 16..<32], columns: [0..<16, 16..<32],
                    target: evaluator.graph.outputs[0], memory: 24 << 20, mode: .incremental)
                request.share = 1
                _ = try evaluator.sweep(request, image: image)
            }
            #expect(memory.held > 24 << 20 && memory.held <= memory.limit)
        }
    }
}
