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
}
