import Foundation
import TestSupport
import Testing
import WireProtocol

/// `convert` with the built daemon: a network of its own is taken apart, sent, put together and loaded.
@Suite(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) struct ConvertedModelTests {
    @Test func aConvertedNetworkIsLoadedAndTellsItsClassesApart() async throws {
        let client = try Interpretctl()
        let folder = URL(fileURLWithPath: client.folder.path)
        let photos = ["cat": RunningDaemon.demoPhoto, "pattern": RunningDaemon.pattern]
        for (label, photo) in photos {
            let target = folder.appending(path: "photos/\(label)")
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for copy in 1...5 {
                try FileManager.default.copyItem(at: photo, to: target.appending(path: "\(copy).jpg"))
            }
        }
        let daemon = try await RunningDaemon()
        let output = try await client.run(
            "convert", "petshop", "--photos", "photos", "--output", "models/mine", "--json", socket: daemon.socket)
        #expect(output.status == 0, "\(output.error)")
        let result = try JSONDecoder().decode(ConvertResult.self, from: Data(output.out.utf8))
        #expect(result.labels == ["cat", "pattern"] && result.photos == 10)
        #expect(result.files.map(\.name).last == "model.onnx")
        #expect(try await daemon.stop() == 0)

        let second = try await RunningDaemon(models: folder.appending(path: "models"))
        for (label, photo) in photos {
            let answer = try await second.result(
                of: RPCMethods.explain, ExplainParameters(source: .path(photo.path), method: "cam"))
            #expect(answer.sidecar.predictions.first?.label == label)
            #expect(answer.sidecar.model.sha256 == result.files.last?.sha256)
        }
        #expect(try await second.stop() == 0)
    }
}
