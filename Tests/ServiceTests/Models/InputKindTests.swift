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
import WireProtocol

/// One small network behind every kind of image input (`Conformance/make_input_fixtures.py`): bytes, 32-bit integers and
/// half precision, in planes and with the channels last, of one, three and four channels, with the preprocessing inside.
/// Each is held against the same network with a float input, and against ONNX Runtime on what Pillow makes of the demo photo.
@Suite struct InputKindTests {
    private static let folder = RunningDaemon.root.appending(path: "Tests/Fixtures/inputs")
    private static let loaded = Result {
        try ModelStore(directories: [folder], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
    /// By number of channels, the deviations that samples of 0 to 255 are divided by.
    private static let deviations: [Int: [Float]] = [
        1: [0.25], 3: [0.229, 0.224, 0.225], 4: [0.229, 0.224, 0.225, 0.5],
    ]
    static let kinds = ["uint8", "int32", "float16"].flatMap { type in
        ["planes", "pixels"].flatMap { layout in [1, 3, 4].map { "\(type)-\(layout)-\($0)" } }
    }

    private func model(_ name: String) throws -> LoadedModel {
        try #require(try Self.loaded.get().models.first { $0.name == name })
    }

    private func photo(for model: LoadedModel) throws -> PreparedPhoto {
        try PreparedPhoto(NamedPhoto(bytes: try Data(contentsOf: RunningDaemon.demoPhoto)), for: model)
    }

    /// As the document beside a photo has them, by label.
    private func scores(_ model: LoadedModel) async throws -> [Double] {
        let look = try await Judge(model: model).look(at: try photo(for: model))
        let document = try Composer(overlay: Overlay(font: try Font())).compose(look, []).document
        return document.predictions.sorted { $0.label < $1.label }.map(\.score)
    }

    private func gradient(_ model: LoadedModel) async throws -> Explanation {
        let question = Question(network: model.network, input: try photo(for: model).input.tensor, classIndex: 1)
        return try await model.network.session.perform { (evaluator) throws(InterpretationError) in
            try await GradientSaliency().explain(question, on: evaluator)
        }
    }

    @Test(arguments: kinds) func aPhotoGetsTheScoresOfTheSameNetworkInFloats(kind: String) async throws {
        let (model, plain) = (try model(kind), try model("float-\(kind.suffix(1))"))
        let scores = try await self.scores(model)
        let others = try await self.scores(plain)
        #expect(scores.count == 3 && others.count == 3)
        #expect(zip(scores, others).allSatisfy { abs($0 - $1) < 1e-5 }, "\(scores), in floats \(others)")
        let file = Self.folder.appending(path: "\(kind)/expected.json")
        let expected = try JSONDecoder().decode([Double].self, from: Data(contentsOf: file))
        // A sample that is rounded the other way moves a score by less.
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 2e-3 }, "\(scores), ONNX Runtime \(expected)")
    }

    /// ∂s/∂sample = ∂s/∂normalized ÷ (255·deviation).
    @Test(arguments: kinds) func theGradientReachesTheSamples(kind: String) async throws {
        let channels = try #require(Int(kind.suffix(1)))
        let deviations = try #require(Self.deviations[channels])
        let found = try #require(try await gradient(model(kind)).attribution)
        let plain = try #require(try await gradient(model("float-\(channels)")).attribution)
        #expect(found.shape == plain.shape)
        let plane = plain.count / channels
        let largest = plain.values.map(abs).max() ?? 0
        #expect(largest > 0)
        for index in 0..<plain.count {
            let scaled = found[index] * 255 * deviations[index / plane]
            #expect(abs(scaled - plain[index]) < 1e-5 * largest)
        }
    }
}
