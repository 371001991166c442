package import Foundation

/// The built client, run as a person runs it.
package struct Interpretctl {
    package struct Output {
        /// The exit code, or the number of the signal.
        package let status: Int32
        package let isSignal: Bool
        package let out: String
        package let error: String
    }

    /// The package's products lie beside the test bundle.
    package static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "interpretctl")
    package static let isBuilt = FileManager.default.isExecutableFile(atPath: executable.path)

    /// What the sanitizers of `Scripts/sanitize` are told counts for the programs as well.
    private static let ofSanitizers = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }

    package let folder: TemporaryFolder

    package init() throws {
        folder = try TemporaryFolder()
    }

    package func run(_ arguments: String..., socket: String? = nil) async throws -> Output {
        try await run(arguments, socket: socket)
    }

    package func run(
        _ arguments: [String], socket: String? = nil, environment: [String: String] = [:]
    ) async throws -> Output {
        try await output(of: start(arguments, socket: socket, environment: environment))
    }

    /// Runs another program as the client is run.
    package func run(_ executable: URL, _ arguments: [String], socket: String? = nil) async throws -> Output {
        try await output(of: start(executable, arguments, socket: socket, environment: [:]))
    }

    /// Starts it in the folder.
    package func start(
        _ arguments: [String], socket: String? = nil, environment: [String: String] = [:]
    ) async throws -> RunningProgram {
        try await start(Interpretctl.executable, arguments, socket: socket, environment: environment)
    }

    private func start(
        _ executable: URL, _ arguments: [String], socket: String?, environment: [String: String]
    ) async throws -> RunningProgram {
        for file in [out, error] { try Data().write(to: URL(fileURLWithPath: file)) }
        // Files and not pipes: nobody has to read while it runs.
        return try await RunningProgram(
            executable.path, arguments,
            environment: ["INTERPRETD_SOCKET": socket ?? folder.path + "/nobody"].merging(environment) { $1 }
                .merging(Interpretctl.ofSanitizers) { $1 },
            in: folder.path, out: out, error: error)
    }

    /// What a program has written that was started here last, once it has ended.
    package func output(of program: RunningProgram) async throws -> Output {
        let end = try await program.end()
        return Output(
            status: end.status, isSignal: end.isSignal, out: try String(contentsOfFile: out, encoding: .utf8),
            error: try String(contentsOfFile: error, encoding: .utf8))
    }

    private var out: String { folder.path + "/stdout" }
    private var error: String { folder.path + "/stderr" }
}
