import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

@Suite struct HeadReplacementTests {
    private let folder: URL
    private var file: URL { folder.appending(path: "model.onnx") }
    private let weights: Tensor
    private let bias: Tensor

    init() throws {
        weights = try Tensor(shape: Shape([2, 4]), values: [1, 2, 3, 4, 5, 6, 7, 8])
        bias = try Tensor(shape: Shape([2]), values: [0.5, -0.5])
        folder = FileManager.default.temporaryDirectory.appending(path: "head-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private static let trunk = Data((0..<4 * 3 * 9).flatMap { withUnsafeBytes(of: Float($0)) { Array($0) } })

    /// Convolution, ReLU, and a flattened head of half a mebibyte.
    private static func model(trunkWeights: Message = .tensor("w", [4, 3, 3, 3], raw: trunk)) -> Data {
        Message.model(
            .graph(
                [
                    .node("Conv", ["x", "w"], ["c"]), .node("Relu", ["c"], ["r"]), .node("Flatten", ["r"], ["f"]),
                    .node("Gemm", ["f", "dense"], ["y"]),
                ], initializers: [.floats("dense", [144, 1000]), trunkWeights]))
    }

    private func replaced(at features: String = "r") throws(ONNXError) -> ComposedFile {
        try ONNXModel.replacingHead(of: file, at: features, weights: weights, bias: bias, freesExtents: true)
    }

    private func check(_ composed: ComposedFile) throws {
        // What the trunk does not need is gone.
        #expect(composed.size < 2_000)
        let graph = try ONNXModel.load(try composed.bytes(in: 0..<composed.size))
        #expect(graph.nodes.map(\.operation.name).first == "convolution")
        #expect(graph.inputs[0].extents == [1, 3, nil, nil])
        #expect(graph.value(named: "logits") == graph.outputs.first)
        let floats = graph.constants.values.compactMap { constant -> [Float]? in
            if case .floats(let tensor) = constant { tensor.withUnsafeValues { Array($0) } } else { nil }
        }
        #expect(floats.contains((0..<108).map(Float.init)))
        #expect(floats.contains([1, 2, 3, 4, 5, 6, 7, 8]) && floats.contains([0.5, -0.5]))
    }

    @Test func theTrunkStaysAsItIsAndTheRestIsLeftOut() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.model().write(to: file)
        try check(replaced())
    }

    @Test func itReadsTheSameInPiecesOfAnySize() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.model().write(to: file)
        let composed = try replaced()
        let whole = try composed.bytes(in: 0..<composed.size)
        for length in [1, 7, 100, 431] {
            var pieces = Data()
            while pieces.count < composed.size {
                pieces += try composed.bytes(in: pieces.count..<min(pieces.count + length, composed.size))
            }
            #expect(pieces == whole)
        }
        #expect(try composed.bytes(in: 5..<5).isEmpty)
    }

    @Test func weightsInOtherFilesAreTakenIn() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try (Data(count: 64) + Self.trunk + Data(count: 64)).write(to: folder.appending(path: "weights.bin"))
        func place(_ members: [String: String]) -> Message {
            .build { tensor in
                for extent in [4, 3, 3, 3] as [Int64] { tensor.add(1, integer: extent) }
                tensor.add(2, integer: 1)
                tensor.add(8, "w")
                for (key, value) in members {
                    tensor.add(
                        13,
                        .build { entry in
                            entry.add(1, key)
                            entry.add(2, value)
                        })
                }
                tensor.add(14, integer: 1)
            }
        }
        let members = ["location": "weights.bin", "offset": "64", "length": "432"]
        try Self.model(trunkWeights: place(members)).write(to: file)
        try check(replaced())
        for (key, value) in [("offset", "200"), ("offset", "999"), ("location", "../weights.bin")] {
            try Self.model(trunkWeights: place(members.merging([key: value]) { $1 })).write(to: file)
            #expect(throws: ONNXError.self) { try replaced() }
        }
        try Self.model(trunkWeights: place(members)).write(to: file)
        let composed = try replaced()
        try FileHandle(forWritingTo: folder.appending(path: "weights.bin")).truncate(atOffset: 496)
        let error = try #require(throws: ONNXError.self) { try composed.bytes(in: 0..<composed.size) }
        #expect("\(error)".contains("weights.bin: it was changed while it was read"))
    }

    @Test func aFileThatIsReplacedMeanwhileStaysTheOldOne() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.model().write(to: file)
        let composed = try replaced()
        try Data("another".utf8).write(to: file, options: .atomic)
        try check(composed)
    }

    @Test func aFileThatIsCutShortMeanwhileIsAnError() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.model().write(to: file)
        let composed = try replaced()
        try FileHandle(forWritingTo: file).truncate(atOffset: 100)
        #expect(throws: ONNXError.self) { try composed.bytes(in: 0..<composed.size) }
    }

    @Test func aFileThatEndsAnywhereIsAnErrorOrAModel() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = Message.model(
            .graph(
                [.node("Conv", ["x", "w"], ["c"]), .node("Relu", ["c"], ["r"])], initializers: [.floats("w", [1, 1])]))
        for count in 0..<whole.count {
            try whole.prefix(count).write(to: file)
            // Where the graph is whole there may be a model; nothing traps.
            if let composed = try? replaced() { _ = try composed.bytes(in: 0..<composed.size) }
        }
        #expect(throws: ONNXError.self) { try replaced(at: "nothing") }
        try FileManager.default.removeItem(at: file)
        #expect(throws: ONNXError.self) { try replaced() }
    }
}
