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

/// What is wrong with a model folder is said, where the network would otherwise answer as if nothing were.
@Suite struct ModelFaultTests {
    private static let fixture = RunningDaemon.root.appending(path: "Tests/Fixtures/inputs/float-3")

    private func store(_ change: (URL) throws -> Void) throws -> ModelStore {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = folder.appending(path: "mine")
        try FileManager.default.copyItem(at: Self.fixture, to: model)
        try change(model)
        return try ModelStore(directories: [folder], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func aWeightThatIsNoNumberIsRefusedByName() throws {
        let store = try store { folder in
            let file = folder.appending(path: "model.onnx")
            var bytes = try Data(contentsOf: file)
            let graph = try #require(try self.store { _ in }.models.first).network.graph
            // Two neighbouring weights are found in the file as they are in memory.
            var place: Range<Data.Index>?
            for constant in graph.constants.values where place == nil {
                guard let values = constant.tensor?.values, values.count > 4 else { continue }
                var pattern = Data()
                for index in 0..<2 {
                    withUnsafeBytes(of: values[index].bitPattern.littleEndian) { pattern.append(contentsOf: $0) }
                }
                place = bytes.range(of: pattern)
            }
            let found = try #require(place)
            withUnsafeBytes(of: Float.nan.bitPattern.littleEndian) { bytes.replaceSubrange(found.prefix(4), with: $0) }
            try bytes.write(to: file)
        }
        #expect(store.models.isEmpty)
        #expect(store.refused.first?.error.reason.contains("NaN") == true, "\(store.refused)")
    }

    /// A white photo makes its scores infinite: that photo fails, and the daemon goes on.
    @Test(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) func aPhotoThatOverflowsFails() async throws {
        let daemon = try await RunningDaemon(
            models: RunningDaemon.root.appending(path: "Tests/Fixtures/models/overflows"))
        let white = try Bitmap(width: 96, height: 96, color: RGBColor(red: 255, green: 255, blue: 255))
        let photo = daemon.inbox.appending(path: "white.jpg")
        try JPEGEncoder.encode(white).write(to: photo)
        let error = URL(filePath: photo.path + ".error.json")
        #expect(try await eventually { FileManager.default.fileExists(atPath: error.path) })
        let text = try String(contentsOf: error, encoding: .utf8)
        #expect(text.contains("network-overflow") && text.contains("overflowed on this input"), "\(text)")
        _ = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(try await daemon.stop() == 0)
    }

    @Test func aFolderWithoutItsModelIsRefused() throws {
        let store = try store { folder in
            try FileManager.default.moveItem(
                at: folder.appending(path: "model.onnx"), to: folder.appending(path: "resnet.onnx"))
        }
        #expect(store.refused.first?.error.file == "model.onnx")
        #expect(store.refused.first?.error.reason.contains("no such file") == true)
    }

    @Test(arguments: [
        ("{\n\"layout\": \"nchw\"\n\"default\": true}", "line 3 is not JSON"),
        (#"{"layuot": "nchw"}"#, "the nearest is 'layout'"),
    ])
    func whatIsWrongWithItsSettingsIsSaid(text: String, words: String) throws {
        let store = try store { try Data(text.utf8).write(to: $0.appending(path: "interpret.json")) }
        #expect(store.refused.first?.error.file == "interpret.json")
        #expect(store.refused.first?.error.reason.contains(words) == true, "\(store.refused)")
    }

    @Test func fewerLabelsThanScoresAreSaid() throws {
        let named = try store { folder in
            try Data(#"{"id2label": {"0": "cat"}}"#.utf8).write(to: folder.appending(path: "config.json"))
        }
        let model = try #require(named.models.first)
        #expect(model.remarks.contains { $0.contains("1 of 3 labels") }, "\(model.remarks)")
    }

    @Test func aTensorThatIsNoNumberIsNotTaken() async throws {
        let daemon = try await RunningDaemon()
        var image = Tensor(shape: try Shape([1, 3, 112, 112]))
        image.withUnsafeMutableValues { $0[7] = .nan }
        let parameters = ExplainParameters(source: .tensor(image.npyData()), method: "gradient")
        await #expect {
            try await daemon.result(of: RPCMethods.explain, parameters)
        } throws: {
            ($0 as? RPCError)?.message.contains("NaN") == true
        }
        #expect(try await daemon.stop() == 0)
    }
}
