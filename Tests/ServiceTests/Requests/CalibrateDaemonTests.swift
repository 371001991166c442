import Foundation
import Tensors
import TestSupport
import Testing
import WireProtocol

/// `calibrate` and `check` by the real daemon.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct CalibrateDaemonTests {
    private let folder = RunningDaemon.demoPhoto.deletingLastPathComponent().path

    /// Petshop's first edition in a folder that can be changed.
    private func models() throws -> (folder: TemporaryFolder, interpret: URL) {
        let copy = try TemporaryFolder()
        let source = RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop")
        let target = URL(fileURLWithPath: copy.path).appending(path: "petshop")
        try FileManager.default.copyItem(at: source, to: target)
        return (copy, target.appending(path: "interpret.json"))
    }

    private func explain(_ daemon: RunningDaemon) async throws -> ExplainResult {
        try await daemon.result(
            of: RPCMethods.explain,
            ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), method: "cam", raw: true))
    }

    @Test func aCalibrationCountsFromTheNextReloadOn() async throws {
        let (copy, interpret) = try models()
        let daemon = try await RunningDaemon(models: URL(fileURLWithPath: copy.path))
        let before = try await explain(daemon)
        // A cat that is called a dog in one photo of four, and the pattern, of which nothing is known.
        let photos = (0..<40).map { number in
            number % 4 == 3
                ? TruePhoto(file: RunningDaemon.pattern.path, labels: [["cat", "dog", "other"][number / 4 % 3]])
                : TruePhoto(file: "cat.jpg", labels: [number % 8 == 0 ? "dog" : "cat"])
        }
        let result = try await daemon.result(
            of: RPCMethods.calibrate, CalibrateParameters(folder: folder, photos: photos, charts: true))
        #expect(result.photos == 40 && result.skipped.isEmpty)
        #expect(result.errorAfter.value < result.errorBefore.value)
        #expect(result.charts?.keys.sorted() == ["reliability.png", "reliability.svg"])
        let temperature = try #require(result.record.temperature)
        #expect(temperature > 0)
        let old = try Data(contentsOf: interpret)
        try JSONObjectEditing.setting(
            "calibration", to: JSONText(encoding: result.record).description, in: old
        ).write(to: interpret)
        let reload = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(reload.loaded == ["petshop"], "\(reload.notices)")
        let after = try await explain(daemon)
        let scores = zip(before.scores, after.scores)
        #expect(scores.allSatisfy { abs(Double($0) / temperature - Double($1)) < 1e-4 })
        // The map is of the scaled score, too.
        let maps = (
            try Tensor(npy: try #require(before.map).npy).values, try Tensor(npy: try #require(after.map).npy).values
        )
        #expect(zip(maps.0, maps.1).allSatisfy { abs(Double($0) / temperature - Double($1)) < 1e-4 })
        let models = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(models.models[0].remarks?.contains { $0.contains("calibrated by the temperature") } == true)

        // The record of another network is not used, and that is said.
        var record = result.record
        record.sha256 = String(repeating: "0", count: 64)
        try JSONObjectEditing.setting("calibration", to: JSONText(encoding: record).description, in: old)
            .write(to: interpret)
        _ = try await daemon.result(of: RPCMethods.reload, NoParameters())
        // Other kernels may have turned out to be faster meanwhile.
        let uncalibrated = try await explain(daemon).scores
        #expect(zip(uncalibrated, before.scores).allSatisfy { abs($0 - $1) < 1e-4 })
        let again = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(again.models[0].remarks?.contains { $0.contains("another model.onnx") } == true)
        #expect(try await daemon.stop() == 0)
    }

    @Test func fewPhotosAreRefused() async throws {
        let daemon = try await RunningDaemon()
        await #expect {
            try await daemon.result(
                of: RPCMethods.calibrate,
                CalibrateParameters(folder: folder, photos: [.init(file: "cat.jpg", labels: ["zebra"])]))
        } throws: {
            ($0 as? RPCError)?.message.contains("at least 30 photos") == true
                && ($0 as? RPCError)?.message.contains("does not know its label") == true
        }
        #expect(try await daemon.stop() == 0)
    }

    @Test func whatFailsOnThisNetworkIsSaidWithItsResults() async throws {
        let daemon = try await RunningDaemon()
        let parameters = CheckParameters(
            photos: [RunningDaemon.demoPhoto.path],
            methods: ["gradient", "cam", "guided-backprop", "occlusion", "attention-rollout"])
        let result = try await daemon.result(of: RPCMethods.check, parameters)
        #expect(result.photos == 1 && result.layers.count == 9 && result.randomized == Array(1...9))
        for words in ["photos become", "class activation maps are read from", "sees", "bias alone", "calibrate"] {
            #expect(result.facts.contains { $0.contains(words) }, "\(words) is missing in \(result.facts)")
        }
        let methods = Dictionary(uniqueKeysWithValues: result.methods.map { ($0.name, $0) })
        #expect(methods["attention-rollout"]?.obstacle != nil && methods["attention-rollout"]?.verdict == nil)
        // As Documentation/RandomizationCheck.md has it of the same network on eight photos.
        #expect(methods["guided-backprop"]?.verdict == "FAILS")
        #expect(methods["gradient"]?.verdict != "FAILS" && methods["cam"]?.verdict != nil)
        for method in result.methods where method.obstacle == nil {
            #expect(method.correlations?.count == 9 && (method.milliseconds ?? 0) > 0 && (method.passBytes ?? 0) > 0)
        }
        let explained = try await daemon.result(
            of: RPCMethods.explain,
            ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), method: "guided-backprop"))
        #expect(explained.warnings.contains { $0.contains("on this very network") })
        #expect(try await daemon.stop() == 0)
    }
}
