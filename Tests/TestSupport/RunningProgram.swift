import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A program that a test has started, with nothing at its standard input. It ends where nobody keeps this object any more.
package final class RunningProgram: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package struct End: Sendable {
        /// The exit code, or the number of the signal.
        package let status: Int32
        package let isSignal: Bool
    }

    package let processIdentifier: Int32
    private let name: String
    private let task: Task<Void, Never>
    private let outcome: Outcome

    private final class Outcome: Sendable {
        let end = Mutex<Result<End, any Error>?>(nil)
    }

    /// - Parameters:
    ///   - executable: its path.
    ///   - environment: that of the tests where nil.
    ///   - folder: where it runs; where the tests do where nil.
    ///   - out: the file that takes its standard output, made where it is missing; nothing keeps it where nil.
    ///   - error: the same for its standard error; may be the same file.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String]? = nil, in folder: String? = nil,
        out: String? = nil, error: String? = nil
    ) async throws {
        name = "\(executable) \(arguments.joined(separator: " "))"
        let streams = (try RunningProgram.stream(out), try RunningProgram.stream(error))
        let variables = environment.map { environment in
            Environment.custom(.init(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0), $1) }))
        }
        let (started, continuation) = AsyncStream.makeStream(of: Int32.self)
        let outcome = Outcome()
        self.outcome = outcome
        task = Task {
            do {
                let result = try await run(
                    .path(.init(executable)), arguments: Arguments(arguments), environment: variables ?? .inherit,
                    workingDirectory: folder.map { .init($0) }, input: .none,
                    output: .fileDescriptor(.init(rawValue: streams.0), closeAfterSpawningProcess: true),
                    error: .fileDescriptor(.init(rawValue: streams.1), closeAfterSpawningProcess: true)
                ) { continuation.yield($0.processIdentifier.value) }
                let end =
                    switch result.terminationStatus {
                    case .exited(let code): End(status: code, isSignal: false)
                    case .signaled(let number): End(status: number, isSignal: true)
                    }
                outcome.end.withLock { $0 = .success(end) }
            } catch {
                outcome.end.withLock { $0 = .failure(error) }
            }
            continuation.finish()
        }
        var identifier: Int32?
        for await number in started {
            identifier = number
            break
        }
        guard let identifier else {
            _ = try outcome.end.withLock { $0 }?.get()
            throw Failure(description: "\(name) did not start")
        }
        processIdentifier = identifier
    }

    deinit {
        // Which ends the program.
        task.cancel()
    }

    package var isRunning: Bool { outcome.end.withLock { $0 == nil } }

    /// Does nothing once the program has ended: its number may be another's.
    package func send(_ signal: Int32) {
        guard isRunning else { return }
        kill(processIdentifier, signal)
    }

    /// Waits for its end.
    ///
    /// - Throws: ``Failure`` where it goes on for ten minutes, after which it is ended.
    package func end() async throws -> End {
        for _ in 0..<60_000 {
            if let end = outcome.end.withLock({ $0 }) { return try end.get() }
            try await Task.sleep(for: .milliseconds(10))
        }
        task.cancel()
        throw Failure(description: "\(name) goes on")
    }

    private static func stream(_ path: String?) throws -> CInt {
        let path = path ?? "/dev/null"
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }
}
