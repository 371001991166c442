import Foundation
import TestSupport
import Testing
import WireProtocol

/// Networks whose outputs are no softmax, through the built daemon. `Tests/Fixtures/models/onelogit` has one output and
/// one label, `multilabel` ends in a sigmoid; the right numbers are PyTorch's.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct OutputKindDaemonTests {
    private static let fixtures = RunningDaemon.root.appending(path: "Tests/Fixtures/models")

    private static func tensor(_ model: String) throws -> PhotoSource {
        .tensor(try Data(contentsOf: fixtures.appending(path: "\(model)/x.npy")))
    }

    /// A folder with these models, each with files of its own beside what it has.
    private func models(_ names: [String: [String: String]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (name, files) in names {
            let source = name.split(separator: "-")[0]
            let target = URL(filePath: folder.path).appending(path: name)
            try FileManager.default.copyItem(at: Self.fixtures.appending(path: String(source)), to: target)
            for (file, contents) in files { try Data(contents.utf8).write(to: target.appending(path: file)) }
        }
        return folder
    }

    @Test func aSingleLogitIsASigmoid() async throws {
        let folder = try models(["onelogit": [:]])
        let daemon = try await RunningDaemon(models: URL(filePath: folder.path))
        let answer = try await daemon.result(
            of: RPCMethods.explain, ExplainParameters(source: try Self.tensor("onelogit"), method: "gradient"))
        let prediction = try #require(answer.sidecar.predictions.first)
        #expect(abs(prediction.score + 6.0352) < 0.001 && abs((prediction.probability ?? 1) - 0.00239) < 0.0001)
        // The photo shows no defect either, and so there is nothing to find.
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(document.model.outputs == "independent" && document.predictions.first?.holds == false)
        #expect(document.boxes.isEmpty && document.evidence == nil && document.note?.contains("no label holds") == true)
        let photos = try await daemon.result(of: RPCMethods.photos, PhotosParameters())
        #expect(photos.first?.state == .done && photos.first?.label == nil)
        // Who asks for the label is shown it all the same.
        let asked = try await daemon.result(
            of: RPCMethods.explain,
            ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), classLabel: "defect"))
        #expect(!asked.sidecar.boxes.isEmpty)
        let described = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(
            described.models.first?.scores?.kind == "independent" && described.models.first?.task == "classification")
        #expect(described.models.first?.scores?.isAssumed == false)
        #expect(try await daemon.stop() == 0)
    }

    @Test func everyLabelThatHoldsGetsItsBoxes() async throws {
        let folder = try models(["multilabel": [:]])
        let daemon = try await RunningDaemon(models: URL(filePath: folder.path))
        let answer = try await daemon.result(
            of: RPCMethods.explain, ExplainParameters(source: try Self.tensor("multilabel"), method: "gradient"))
        let expected = ["tag_on_a": 0.98082, "tag_on_b": 0.95200, "off_d": 0.04711, "off_c": 0.01789]
        #expect(answer.sidecar.predictions.map(\.label) == ["tag_on_a", "tag_on_b", "off_d", "off_c"])
        for prediction in answer.sidecar.predictions {
            #expect(abs((prediction.probability ?? 0) - (expected[prediction.label] ?? 1)) < 0.0001)
        }
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(document.predictions.filter { $0.holds == true }.map(\.label) == ["tag_on_a", "tag_on_b"])
        #expect(Set(document.boxes.map(\.label)) == ["tag_on_a", "tag_on_b"])
        #expect(document.evidence?.sentence?.contains("tag_on_a") == true)
        // A contrast of probabilities is their difference.
        let contrast = try await daemon.result(
            of: RPCMethods.explain,
            ExplainParameters(
                source: try Self.tensor("multilabel"), method: "occlusion", classLabel: "tag_on_a", against: "off_c",
                probability: true, raw: true))
        #expect(contrast.classLabel == "tag_on_a" && contrast.map != nil)
        #expect(try await daemon.stop() == 0)
    }

    @Test func theFolderSaysWhatTheOutputsAre() async throws {
        let folder = try models([
            "multilabel-strict": ["interpret.json": #"{"threshold": {"tag_on_b": 0.99}, "default": true}"#],
            "multilabel-raw": ["interpret.json": #"{"outputs": "raw"}"#],
            "multilabel-exclusive": ["interpret.json": #"{"outputs": "exclusive"}"#],
            "multilabel-output": ["interpret.json": #"{"output": "boxes"}"#],
            "multilabel-features": ["interpret.json": #"{"task": "features"}"#],
            "onelogit-two": [
                "config.json": #"{"id2label": {"0": "fine", "1": "defect"}}"#,
                "interpret.json": #"{"background_labels": ["fine"]}"#,
            ],
        ])
        let daemon = try await RunningDaemon(models: URL(filePath: folder.path))
        let described = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(described.refused.map(\.name) == ["multilabel-exclusive", "multilabel-output"])
        #expect(described.refused.first?.error.contains("sigmoid") == true)
        #expect(described.refused.last?.error.contains("no output 'boxes'") == true)

        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(document.model.name == "multilabel-strict" && Set(document.boxes.map(\.label)) == ["tag_on_a"])
        func explain(_ model: String) async throws -> Sidecar {
            try await daemon.result(
                of: RPCMethods.explain,
                ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), model: model, images: true)
            ).sidecar
        }
        let raw = try await explain("multilabel-raw")
        #expect(raw.predictions.allSatisfy { $0.probability == nil } && raw.evidence == nil)
        // The numbers are the network's own: behind its sigmoid.
        #expect((raw.predictions.first?.score ?? 0) > 0.9 && (raw.predictions.first?.score ?? 2) < 1)
        #expect(raw.note?.contains("raw numbers") == true && !raw.boxes.isEmpty)
        let two = try await explain("onelogit-two")
        #expect(two.predictions.map(\.label) == ["fine", "defect"] && two.boxes.isEmpty)
        #expect(abs((two.predictions.compactMap(\.probability).reduce(0, +)) - 1) < 1e-6)
        await #expect(throws: RPCError.self) { try await explain("multilabel-features") }
        do { _ = try await explain("multilabel-features") } catch let error as RPCError {
            #expect(error.code == .methodNotApplicable && error.message.contains("is no classifier"))
        }
        #expect(try await daemon.stop() == 0)
    }
}
