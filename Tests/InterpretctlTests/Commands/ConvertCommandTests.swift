import Foundation
import Glibc
import TestSupport
import Testing
import WireProtocol

/// `interpretctl convert` and what it leaves in the output folder.
@Suite(.enabled(if: Interpretctl.isBuilt), .serialized, .timeLimit(.minutes(30))) struct ConvertCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    /// All names in a folder, hidden ones too; nil where there is no such folder.
    private func names(in folder: String) -> [String]? {
        try? FileManager.default.contentsOfDirectory(atPath: "\(client.folder.path)/\(folder)").sorted()
    }

    private func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(client.folder.path)/\(name)"))
    }

    private func convert(
        _ photos: String, socket: String, output: String = "models/mine"
    ) async throws -> Interpretctl.Output {
        try await client.run("convert", "petshop", "--photos", "/\(photos)", "--output", output, socket: socket)
    }

    /// Whether the first file lies there, under whatever name.
    private var isUnderWay: Bool {
        (names(in: "models/mine") ?? []).contains { !(names(in: "models/mine/\($0)") ?? []).isEmpty }
    }

    @Test func theNewModelFolderHoldsWhatTheDaemonSent() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await convert("photos", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("wrote models/mine"))
            #expect(names(in: "models/mine") == ["config.json", "interpret.json", "model.onnx"])
            for (name, contents) in FakeDaemon.modelFiles { #expect(try read("models/mine/\(name)") == contents) }
        }
    }

    @Test func aModelThatIsThereIsReplacedOnlyAsAWhole() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            #expect(try await convert("photos", socket: server.path).status == 0)
            let kept = client.folder.path + "/models/mine/notes.txt"
            try Data("mine".utf8).write(to: URL(fileURLWithPath: kept))
            try Data("old".utf8).write(to: URL(fileURLWithPath: client.folder.path + "/models/mine/model.onnx"))
            #expect(try await convert("broken", socket: server.path).status == 1)
            #expect(try read("models/mine/model.onnx") == Data("old".utf8))
            #expect(try await convert("photos", socket: server.path).status == 0)
            #expect(try read("models/mine/model.onnx") == FakeDaemon.modelFiles[2].contents)
            #expect(names(in: "models/mine") == ["config.json", "interpret.json", "model.onnx", "notes.txt"])
        }
    }

    @Test(arguments: [
        ("wrong-digest", "the files did not arrive as the daemon sent them"),
        ("missing", "the files did not arrive as the daemon sent them"),
        ("bad-name", "a file under the name '../model.onnx'"), ("broken", "the disk failed"),
        ("nowhere", "the daemon cannot read the folder /nowhere"),
    ])
    func whatGoesWrongIsOneLineAndLeavesNothing(photos: String, message: String) async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await convert(photos, socket: server.path)
            #expect(output.status == 1)
            #expect(output.error.contains(message))
            #expect(output.error.split(separator: "\n").count == 1)
            #expect(names(in: "models/mine") == nil)
            #expect(names(in: ".")?.contains("model.onnx") == false)
        }
    }

    @Test func anOutputThatCannotBeWrittenIsRefusedBeforeTheWork() async throws {
        try Data().write(to: URL(fileURLWithPath: client.folder.path + "/taken"))
        let output = try await convert("photos", socket: client.folder.path + "/nobody", output: "taken")
        #expect(output.status == 1)
        #expect(output.error.contains("cannot make the folder taken"))
    }

    /// A file size limit stands for a disk that is full: writing fails in the middle of the network.
    @Test func aDiskThatIsFullLeavesNothing() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                URL(fileURLWithPath: "/bin/sh"),
                [
                    "-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"", Interpretctl.executable.path, "convert",
                    "petshop", "--photos", "/photos", "--output", "models/mine", "--socket", server.path,
                ])
            #expect(output.status == 1)
            #expect(output.error == "interpretctl: cannot write models/mine/model.onnx: File too large\n")
            #expect(names(in: "models/mine") == nil)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func anInterruptionLeavesNothing(signal: Int32) async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let program = try await client.start(
                ["convert", "petshop", "--photos", "/hold", "--output", "models/mine"], socket: server.path)
            #expect(try await eventually { isUnderWay })
            program.send(signal)
            let output = try await client.output(of: program)
            #expect(output.isSignal && output.status == signal)
            #expect(names(in: "models/mine") == nil)
        }
    }

    @Test func aDaemonThatGoesAwayLeavesNothing() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let stopper = Task { () throws in
                #expect(try await eventually { isUnderWay })
                await server.shutDown()
            }
            // It is answered as cancelled after the grace, or finds the connection closed.
            let output = try await convert("hold", socket: server.path)
            try await stopper.value
            #expect(output.status == 1)
            #expect(names(in: "models/mine") == nil)
        }
    }
}
