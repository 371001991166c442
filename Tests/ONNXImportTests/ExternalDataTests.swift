import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

/// Weights in files beside the model, and what is said where they are not to be had.
@Suite struct ExternalDataTests {
    /// A model whose four weights lie at `location`.
    private func model(at location: String) -> Data {
        let tensor = Message.build { tensor in
            for extent: Int64 in [1, 1, 2, 2] { tensor.add(1, integer: extent) }
            tensor.add(2, integer: 1)
            tensor.add(8, "w")
            tensor.add(
                13,
                .build {
                    $0.add(1, "location")
                    $0.add(2, location)
                })
            tensor.add(14, integer: 1)
        }
        return Message.model(
            .graph(
                [.node("Conv", ["x", "w"], ["y"])], initializers: [tensor], inputs: [.value("x", [1, 1, 8, 8])]))
    }

    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "external-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "model"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private static let weights = [1, 2, 3, 4].reduce(into: Data()) { data, value in
        withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }

    private func refusal(_ location: String, in folder: URL) throws -> String {
        let file = folder.appending(path: "model/model.onnx")
        try model(at: location).write(to: file)
        return "\(try #require(throws: ONNXError.self) { try ONNXModel.load(contentsOf: file) })"
    }

    @Test(arguments: ["weights.bin", "./weights.bin", "parts/../weights.bin"])
    func valuesAreReadFromBesideTheModel(location: String) throws {
        try inFolder { folder in
            let place = folder.appending(path: "model")
            try FileManager.default.createDirectory(
                at: place.appending(path: "parts"), withIntermediateDirectories: true)
            try Self.weights.write(to: place.appending(path: "weights.bin"))
            try model(at: location).write(to: place.appending(path: "model.onnx"))
            let graph = try ONNXModel.load(contentsOf: place.appending(path: "model.onnx"))
            let weights = try #require(graph.nodes[0].input(1).flatMap { graph.constants[$0]?.tensor })
            #expect(weights.values == [1, 2, 3, 4])
        }
    }

    @Test func whatIsMissingIsSaidToBeMissing() throws {
        try inFolder { folder in
            let reason = try refusal("weights.bin", in: folder)
            #expect(reason.contains("'weights.bin', which is missing") && reason.contains("beside the model file"))
        }
    }

    /// A folder that is a link itself is the usual case in a cache.
    @Test func whatIsMissingBesideALinkIsSaidToBeMissing() throws {
        try inFolder { folder in
            _ = try refusal("weights.bin", in: folder)
            let link = folder.appending(path: "link")
            try FileManager.default.createSymbolicLink(
                at: link, withDestinationURL: folder.appending(path: "model"))
            let error = try #require(throws: ONNXError.self) {
                try ONNXModel.load(contentsOf: link.appending(path: "model.onnx"))
            }
            #expect("\(error)".contains("which is missing"))
        }
    }

    @Test(arguments: ["../weights.bin", "/etc/passwd", "parts/../../weights.bin"])
    func whatLiesOutsideIsSaidToLieOutside(location: String) throws {
        try inFolder { folder in
            try Self.weights.write(to: folder.appending(path: "weights.bin"))
            let reason = try refusal(location, in: folder)
            #expect(reason.contains("'\(location)', outside of the model's folder"))
            #expect(reason.contains("export the model so that it names it without a folder"))
        }
    }

    @Test func aLinkThatLeadsOutsideIsSaidToBeOne() throws {
        try inFolder { folder in
            try Self.weights.write(to: folder.appending(path: "weights.bin"))
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: "model/linked.bin"),
                withDestinationURL: folder.appending(path: "weights.bin"))
            #expect(try refusal("linked.bin", in: folder).contains("a link that leads outside of the model's folder"))
        }
    }

    @Test func aFileThatIsTooShortIsSaidToEnd() throws {
        try inFolder { folder in
            try Self.weights.dropLast(4).write(to: folder.appending(path: "model/weights.bin"))
            #expect(try refusal("weights.bin", in: folder).contains("12 bytes"))
        }
    }

    @Test func bytesAloneHaveNothingBesideThem() throws {
        let error = try #require(throws: ONNXError.self) { try ONNXModel.load(model(at: "weights.bin")) }
        #expect("\(error)".contains("give the model as a file"))
    }
}
