package import Foundation
import Glibc
package import WireProtocol

/// The built daemon with the bundled model, started as a person starts it.
package final class RunningDaemon: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Photos that may be used for testing and not be passed on; tests that need them are skipped where they are not.
    package static let sharedPhotos = root.deletingLastPathComponent().appending(path: "shared/photos")
    package static let hasSharedPhotos = FileManager.default.fileExists(atPath: sharedPhotos.path)
    package static let demoPhoto = root.appending(path: "Documentation/demo/cat.jpg")
    /// A photo of nothing.
    package static let pattern = root.appending(path: "Tests/PhotosTests/Fixtures/baseline.jpg")
    package static let executable = Interpretctl.executable.deletingLastPathComponent().appending(path: "interpretd")
    package static let isBuilt = Interpretctl.isBuilt && FileManager.default.isExecutableFile(atPath: executable.path)

    package let folder: TemporaryFolder
    package let inbox: URL
    package let socket: String
    private let program: RunningProgram

    /// Starts it and waits until it answers.
    ///
    /// - Parameters:
    ///   - models: folder of model folders; the project's own where nil.
    ///   - arguments: further ones.
    ///   - former: a daemon that has ended, whose inbox and state this one takes over.
    package init(models: URL? = nil, arguments: [String] = [], following former: RunningDaemon? = nil) async throws {
        folder = try former?.folder ?? TemporaryFolder()
        inbox = URL(fileURLWithPath: folder.path).appending(path: "inbox", directoryHint: .isDirectory)
        socket = folder.path + "/daemon"
        try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
        let log = folder.path + "/log"
        try Data().write(to: URL(fileURLWithPath: log))
        try? FileManager.default.removeItem(atPath: socket)
        program = try await RunningProgram(
            RunningDaemon.executable.path,
            [
                "serve", "--inbox", inbox.path, "--socket", socket, "--state", folder.path + "/state", "--models",
                (models ?? RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition")).path,
                // What tests ask about by its path.
                "--roots", RunningDaemon.root.path, "--roots", FileManager.default.temporaryDirectory.path,
            ] + (RunningDaemon.hasSharedPhotos ? ["--roots", RunningDaemon.sharedPhotos.path] : []) + arguments,
            error: log)
        for _ in 0..<6000 {
            // The file is there a moment before it is listened to.
            if (try? SocketTestClient(path: socket)) != nil { return }
            guard program.isRunning else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(description: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "no log")
    }

    /// SIGKILL, and the end of it.
    package func kill() async throws {
        program.send(SIGKILL)
        _ = try await program.end()
    }

    /// SIGTERM.
    ///
    /// - Returns: the exit code.
    package func stop() async throws -> Int32 {
        program.send(SIGTERM)
        return try await program.end().status
    }

    package func send(_ signal: Int32) { program.send(signal) }

    /// Waits for its end.
    package func end() async throws -> RunningProgram.End { try await program.end() }

    /// What it has logged.
    package var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }

    /// The catalog's file.
    package var catalog: URL? {
        let state = URL(filePath: folder.path + "/state", directoryHint: .isDirectory)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state.path)) ?? []
        return names.first { $0.hasPrefix("catalog-") && $0.hasSuffix(".sqlite") }.map { state.appending(path: $0) }
    }

    /// Answers one request.
    package func result<Parameters, Output>(
        of method: RPCMethod<Parameters, Output>, _ parameters: Parameters
    ) async throws -> Output {
        // A long question says nothing for a while where other tests want the processor too.
        let client = try SocketTestClient(path: socket, patience: 600)
        let request = try method.request(id: .number(1), parameters)
        try await client.request(method.name, id: 1, params: request.params.description)
        while let line = try await client.line() {
            // Progress comes before the answer.
            if case .reply(let reply) = try ServerMessage(line: Data(line.utf8)) {
                return try reply.outcome.get().decoded(as: Output.self)
            }
        }
        throw Failure(description: "the daemon closed the connection")
    }

    /// Copies a photo into the inbox and waits for its document.
    package func document(of photo: URL) async throws -> Sidecar {
        let target = inbox.appending(path: photo.lastPathComponent)
        try FileManager.default.copyItem(at: photo, to: target)
        return try await sidecar(of: target)
    }

    package func sidecar(of photo: URL) async throws -> Sidecar {
        let file = URL(fileURLWithPath: photo.path + ".boxes.json")
        for _ in 0..<12_000 {
            if let data = try? Data(contentsOf: file) { return try JSONDecoder().decode(Sidecar.self, from: data) }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(description: "no \(file.lastPathComponent) within ten minutes")
    }
}
