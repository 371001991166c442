import Execution
import Foundation
import Interpretation
import Logging
import Networks
import Photos
import Service
import Tensors
import TestSupport
import Testing

/// Weights that lie in the daemon's state folder instead of memory.
@Suite struct WeightFolderTests {
    private static let petshop = RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop")

    private func model(_ weights: URL?) throws -> LoadedModel {
        let store = try ModelStore(
            directories: [Self.petshop], weights: weights,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try #require(store.models.first)
    }

    private func gradient(_ model: LoadedModel) async throws -> Explanation {
        let photo = try PreparedPhoto(NamedPhoto(bytes: try Data(contentsOf: RunningDaemon.demoPhoto)), for: model)
        let question = Question(network: model.network, input: photo.input.tensor, classIndex: 1)
        return try await model.network.session.perform { (evaluator) throws(InterpretationError) in
            try await GradientSaliency().explain(question, on: evaluator)
        }
    }

    @Test func anExplanationIsTheSameToTheBit() async throws {
        let folder = try TemporaryFolder()
        let moved = try model(URL(filePath: folder.path))
        let (kept, first) = (try await gradient(model(nil)), try await gradient(moved))
        #expect(first.scores == kept.scores && first.attribution == kept.attribution)
        // The second plan is made after the memory of the weights was let go.
        let question = Tensor(shape: try Shape([2, 3, 160, 160]), repeating: 0.25)
        let both = try await moved.network.session.perform { (evaluator) throws(any Error) in
            try evaluator.forward([question]).output(0).values
        }
        #expect(Array(both[..<3]) == Array(both[3...]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func whereAFolderHasNoRoomTheNetworkServesFromMemory() async throws {
        let model = try model(URL(filePath: "/nowhere/at/all"))
        let scores = try await gradient(model).scores
        #expect(scores == (try await gradient(self.model(nil)).scores))
    }
}
