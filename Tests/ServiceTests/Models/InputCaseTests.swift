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

/// Small networks that take something other than RGB planes. Expected: ONNX Runtime on what Pillow makes of the demo photo,
/// and on the tensor beside the network.
@Suite struct InputCaseTests {
    private static let cases = RunningDaemon.root.appending(path: "Tests/Fixtures/cases")
    private static let loaded = Result {
        try ModelStore(directories: [cases], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func model(_ name: String) throws -> LoadedModel {
        try #require(try Self.loaded.get().models.first { $0.name == name })
    }

    private func scores(_ model: LoadedModel, _ input: Tensor) async throws -> [Float] {
        try await model.network.session.perform { (evaluator) throws(any Error) in
            try evaluator.forward([input]).output(0).values
        }
    }

    @Test(arguments: [
        ("gray", [-0.2847967, 0.19496338, 0.22975147] as [Float]),
        ("nhwc", [-0.28830582, -0.31003696, -0.09814567]),
        ("croppct", [-0.07667328, 0.18580294, 0.04511192]),
    ])
    func aPhotoBecomesWhatTheNetworkTakes(name: String, expected: [Float]) async throws {
        let model = try model(name)
        let photo = NamedPhoto(bytes: try Data(contentsOf: RunningDaemon.demoPhoto))
        let got = try await scores(model, try PreparedPhoto(photo, for: model).input.tensor)
        // A sample that is rounded the other way moves a score by less.
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 2e-4 }, "\(got)")
    }

    @Test(arguments: [
        ("gray", [-0.26347542, 0.23856263, 0.23878762] as [Float]),
        ("nhwc", [-0.28311503, -0.3070362, -0.133744]),
        ("croppct", [-0.04458531, 0.22923791, -0.00391178]),
    ])
    func aTensorMayBeInTheNetworksOwnLayout(name: String, expected: [Float]) async throws {
        let model = try model(name)
        let x = try Tensor(npy: Data(contentsOf: Self.cases.appending(path: "\(name)/x.npy")))
        let got = try await scores(model, model.planes(x))
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(got)")
    }

    /// Maps are [H,W]; attributions go out as the network has its image.
    @Test func aNetworkOfPixelsIsExplainedInPlanes() async throws {
        let model = try model("nhwc")
        #expect(model.network.graph.inputs[0].extents == [1, 3, 32, 32])
        let x = model.planes(try Tensor(npy: Data(contentsOf: Self.cases.appending(path: "nhwc/x.npy"))))
        let question = Question(network: model.network, input: x)
        let explanation = try await model.network.session.perform { (evaluator) throws(InterpretationError) in
            try await GradientSaliency().explain(question, on: evaluator)
        }
        #expect(explanation.map.shape.dimensions == [32, 32])
        let attribution = try #require(explanation.attribution)
        #expect(ImageLayout.pixels.own(attribution).shape.dimensions == [32, 32, 3])
    }

    @Test func aSecondInputIsRefusedByNameAndTheOthersServe() throws {
        let store = try Self.loaded.get()
        #expect(store.models.map(\.name) == ["croppct", "gray", "nhwc"])
        let refused = try #require(store.refused.first)
        #expect(refused.folder.lastPathComponent == "twoin")
        #expect("\(refused.error)".contains("onnx::Add_1") && "\(refused.error)".contains("interpret.json"))
    }

    @Test func aSecondInputMayHaveAValueInTheFolder() async throws {
        let folder = try TemporaryFolder()
        let place = URL(filePath: folder.path).appending(path: "twoin")
        try FileManager.default.copyItem(at: Self.cases.appending(path: "twoin"), to: place)
        try Data(#"{"inputs": {"onnx::Add_1": [[0.5, 0, -1]]}}"#.utf8).write(
            to: place.appending(path: "interpret.json"))
        let store = try ModelStore(
            directories: [place], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let model = try #require(store.models.first)
        let photo = NamedPhoto(bytes: try Data(contentsOf: RunningDaemon.demoPhoto))
        let got = try await scores(model, try PreparedPhoto(photo, for: model).input.tensor)
        // ONNX Runtime with zeros gives -0.0322, -0.1510, -0.0545.
        let expected: [Float] = [-0.03216482 + 0.5, -0.15099442, -0.05450699 - 1]
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 2e-4 }, "\(got)")
    }

    /// The caches of model hubs hold links to files that lie elsewhere under other names.
    @Test func aFolderOfLinksLoads() throws {
        let folder = try TemporaryFolder()
        let repository = URL(filePath: folder.path).appending(path: "models--gray")
        let (blobs, place) = (repository.appending(path: "blobs"), repository.appending(path: "snapshots/1234"))
        for url in [blobs, place] {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }
        for (number, name) in ["model.onnx", "config.json", "preprocessor_config.json"].enumerated() {
            let blob = blobs.appending(path: "\(number)")
            try FileManager.default.copyItem(at: Self.cases.appending(path: "gray/\(name)"), to: blob)
            try FileManager.default.createSymbolicLink(at: place.appending(path: name), withDestinationURL: blob)
        }
        let store = try ModelStore(
            directories: [place], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(store.models.first?.labels == ["a", "b", "c"])
    }

    /// Whoever may write a model folder does not read with the daemon's eyes.
    @Test func aLinkLeadsOnlyIntoTheFoldersOfModelsAndTheRoots() throws {
        let folder = try TemporaryFolder()
        let base = URL(filePath: folder.path)
        let (elsewhere, models) = (base.appending(path: "elsewhere"), base.appending(path: "models"))
        for url in [elsewhere, models.appending(path: "m")] {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }
        let target = elsewhere.appending(path: "network")
        try FileManager.default.copyItem(at: Self.cases.appending(path: "gray/model.onnx"), to: target)
        try FileManager.default.createSymbolicLink(
            at: models.appending(path: "m/model.onnx"), withDestinationURL: target)
        func store(roots: [String]) throws -> ModelStore {
            try ModelStore(
                directories: [models], roots: roots, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        let refused = try #require(try store(roots: []).refused.first)
        #expect("\(refused.error)".contains("outside of the folders of models"))
        #expect(try store(roots: [elsewhere.path]).models.map(\.name) == ["m"])
    }
}
