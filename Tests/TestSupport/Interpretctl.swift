package import Foundation

/// The built client, run as a person runs it.
package struct Interpretctl {
    package struct Output {
        package let status: Int32
        package let out: String
        package let error: String
    }

    /// The package's products lie beside the test bundle.
    package static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "interpretctl")
    package static let isBuilt = FileManager.default.isExecutableFile(atPath: executable.path)

    package let folder: TemporaryFolder

    package init() throws {
        folder = try TemporaryFolder()
    }

    package func run(_ arguments: String..., socket: String? = nil) async throws -> Output {
        try await run(arguments, socket: socket)
    }

    package func run(_ arguments: [String], socket: String? = nil) async throws -> Output {
        try await run(process(arguments, socket: socket))
    }

    /// The client, not started yet.
    package func process(_ arguments: [String], socket: String? = nil) -> Process {
        let process = Process()
        process.executableURL = Interpretctl.executable
        process.arguments = arguments
        process.environment = ["INTERPRETD_SOCKET": socket ?? folder.path + "/nobody"]
        return process
    }

    /// Runs a process in the folder to its end.
    package func run(_ process: Process) async throws -> Output {
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        // Files and not pipes: nobody has to read while the process runs.
        let (out, error) = (folder.path + "/stdout", folder.path + "/stderr")
        process.standardInput = FileHandle.nullDevice
        let files = (try emptyFile(out), try emptyFile(error))
        (process.standardOutput, process.standardError) = files
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        // A process keeps its handles for as long as it lives itself.
        try files.0.close()
        try files.1.close()
        return Output(
            status: process.terminationStatus, out: try String(contentsOfFile: out, encoding: .utf8),
            error: try String(contentsOfFile: error, encoding: .utf8))
    }

    private func emptyFile(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }
}
