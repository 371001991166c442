import ArgumentParser
import Foundation
import WireProtocol

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "A plain forward pass of a network over a tensor or a photo.",
        discussion: """
            Examples:
              interpretctl run petshop input.npy
              interpretctl run petshop input.npy --output scores.npy
              interpretctl run petshop photo.jpg --raw-input input.npy
              interpretctl run generator z.npy --output face.jpg
              interpretctl run generator z.npy --output face.jpg --range 0,255

            Where the network has several outputs, --output Y.npy writes Y.NAME.npy for each. --output Y.jpg draws the first \
            output, [N,3,H,W] or [N,1,H,W]; several pictures come on one sheet. What is black and white follows from the \
            network's last layer, -1 and 1 of a tanh, 0 and 1 of a sigmoid, or is said with --range.
            """)

    @Argument(help: "The network; see 'interpretctl models'.")
    var model: String

    @Argument(help: ArgumentHelp("A float32 tensor, normalized already, or a photo.", valueName: "x.npy|photo"))
    var input: String

    @Option(help: ArgumentHelp("Write the result to this .npy or .jpg file.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Write the input that the photo became to this file.", valueName: "file.npy"))
    var rawInput: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The values of black and white in a picture.", valueName: "black,white"))
    var range: String?

    @OptionGroup var common: CommonOptions

    private var drawsPicture: Bool {
        output.map { [".jpg", ".jpeg"].contains(where: $0.lowercased().hasSuffix) } ?? false
    }

    func validate() throws {
        guard let range else { return }
        guard drawsPicture else { throw ValidationError("--range is for pictures; use it with --output FILE.jpg") }
        guard RunCommand.bounds(range)?.count == 2 else {
            throw ValidationError("--range takes two numbers, as in --range -1,1")
        }
    }

    private static func bounds(_ text: String) -> [Double]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
        return numbers.count == parts.count ? numbers : nil
    }

    func run() async throws {
        let file = Files.absolutePath(input)
        let parameters = RunParameters(
            model: model, photo: .path(file),
            input: rawInput == nil ? nil : true, image: drawsPicture ? true : nil,
            range: range.flatMap(RunCommand.bounds))
        let bar = ProgressBar()
        defer { bar.clear() }
        let result = try await common.withDaemon {
            try await $0.ask(RPCMethods.run, parameters, onProgress: bar.show)
        }
        bar.clear()
        if let rawInput {
            guard let npy = try RPCMethods.run.output(of: result).input else {
                throw CommandFailure(
                    "the daemon gave no input; it may be of an older version, see 'interpretctl version'")
            }
            try Files.write(npy, to: rawInput)
        }
        var written: [String: String] = [:]
        if let output, drawsPicture {
            guard let image = try RPCMethods.run.output(of: result).image else {
                throw CommandFailure(
                    "the daemon drew no picture; it may be of an older version, see 'interpretctl version'")
            }
            try Files.write(image, to: output)
        } else if let output {
            for (name, npy) in try RPCMethods.run.output(of: result).outputs {
                written[name] = try path(for: name, of: result, beside: output)
                if let path = written[name] { try Files.write(npy, to: path) }
            }
        }
        try common.report(result, of: RPCMethods.run) { result in
            var table = Table()
            for (name, npy) in result.outputs.sorted(by: { $0.key < $1.key }) {
                table.add([
                    .init(name, .bold), .init(NPYSummary.shape(of: npy) ?? Format.bytes(npy.count)),
                    .init(NPYSummary.firstValues(of: npy) ?? ""),
                    .init(written[name].map { "wrote \($0)" } ?? "", .green),
                ])
            }
            return table.text + (drawsPicture ? Remarks.wrote(output ?? "") : "")
        }
    }

    private func path(for name: String, of result: JSONText, beside output: String) throws -> String {
        guard try RPCMethods.run.output(of: result).outputs.count > 1 else { return output }
        let stem = output.hasSuffix(".npy") ? String(output.dropLast(4)) : output
        // Names of ONNX values are often paths.
        return "\(stem).\(name.replacingOccurrences(of: "/", with: "_")).npy"
    }
}

/// A glance at an `.npy` file of float32, int64 or flags (numpy.lib.format), for showing only: nil where it is anything else.
enum NPYSummary {
    /// As the file writes it, `(1, 3)`.
    static func shape(of npy: Data) -> String? {
        guard let header = header(of: npy), let start = header.text.range(of: "'shape': ("),
            let end = header.text.range(of: ")", range: start.upperBound..<header.text.endIndex)
        else { return nil }
        return "(" + header.text[start.upperBound..<end.upperBound]
    }

    /// The first few values.
    static func firstValues(of npy: Data, count: Int = 8) -> String? {
        guard let header = header(of: npy) else { return nil }
        let payload = npy.dropFirst(header.length)
        func texts<Value: BitwiseCopyable>(_: Value.Type, _ text: (Value) -> String) -> String {
            let size = MemoryLayout<Value>.stride
            let values = payload.prefix(count * size).withUnsafeBytes { bytes in
                (0..<bytes.count / size).map { text(bytes.loadUnaligned(fromByteOffset: $0 * size, as: Value.self)) }
            }
            return values.joined(separator: "  ") + (payload.count > count * size ? "  …" : "")
        }
        if header.text.contains("'<f4'") { return texts(Float.self) { Format.decimal(Double($0), 4) } }
        if header.text.contains("'<i8'") { return texts(Int64.self) { "\($0)" } }
        if header.text.contains("'|b1'") { return texts(UInt8.self) { $0 == 0 ? "false" : "true" } }
        return nil
    }

    private static func header(of npy: Data) -> (text: String, length: Int)? {
        let bytes = [UInt8](npy.prefix(4096))
        guard bytes.count > 10, Array(bytes.prefix(6)) == [0x93] + Array("NUMPY".utf8), bytes[6] == 1 else {
            return nil
        }
        let length = 10 + (Int(bytes[8]) | Int(bytes[9]) << 8)
        guard length <= bytes.count else { return nil }
        return (String(decoding: bytes[10..<length], as: UTF8.self), length)
    }
}
