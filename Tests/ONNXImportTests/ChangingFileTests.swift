import Foundation
import Networks
import ONNXImport
import Testing

/// A model file that somebody changes while it is read is refused, or read as it was; it neither ends the process nor becomes
/// half of one network and half of another.
@Suite struct ChangingFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "changing-\(UUID().uuidString)")
    private var file: URL { folder.appending(path: "model.onnx") }

    /// Two mebibytes of weights.
    private static let model = Message.model(
        .graph(
            [.node("Gemm", ["x", "w"], ["y"])], initializers: [.floats("w", [512, 1024])],
            inputs: [.value("x", [1, 512])]))

    private func withModel(_ body: (SourceFile) throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.model.write(to: file)
        try body(try SourceFile(file))
    }

    private func refusal(of opened: SourceFile) throws -> String {
        "\(try #require(throws: ONNXError.self) { try ONNXModel.load(opened, beside: file) })"
    }

    private func cut(to length: Int) throws { try FileHandle(forWritingTo: file).truncate(atOffset: UInt64(length)) }

    @Test(arguments: [0, 1, 100, 1 << 20, model.count - 1])
    func cutShortItIsRefused(length: Int) throws {
        try withModel { opened in
            try cut(to: length)
            #expect(try refusal(of: opened).contains("it was changed while it was read"))
        }
    }

    @Test func cutShortBetweenTwoPiecesItIsRefused() throws {
        try withModel { opened in
            var pieces = 0
            let error = try #require(throws: ONNXError.self) {
                try opened.readAll { _ in
                    pieces += 1
                    #expect(throws: Never.self) { try cut(to: 1 << 20) }
                }
            }
            #expect(pieces == 1 && "\(error)".contains("it was changed while it was read"))
        }
    }

    /// The system's clock for files is coarse: this test sets another time itself.
    @Test func rewrittenInPlaceItIsRefused() throws {
        try withModel { opened in
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: Self.model)
            try handle.close()
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: file.path)
            #expect(try refusal(of: opened).contains("it was changed while it was read"))
            #expect(try ONNXModel.load(contentsOf: file).nodes.count == 1)
        }
    }

    @Test func whereAnotherTakesItsNameItIsReadAsItWas() throws {
        try withModel { opened in
            try Data("another".utf8).write(to: file, options: .atomic)
            var bytes = Data()
            try opened.readAll { bytes.append(contentsOf: $0) }
            #expect(bytes == Self.model)
            #expect(try ONNXModel.load(opened, beside: file).nodes.count == 1)
            #expect(throws: ONNXError.self) { try ONNXModel.load(contentsOf: file) }
        }
    }
}
