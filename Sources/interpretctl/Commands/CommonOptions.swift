import ArgumentParser
import Foundation
import WireProtocol

/// The flags of every command.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String?

    @Flag(help: "Print the daemon's result unchanged, as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Give up after so long without a sign of life; 0 waits for ever.", valueName: "seconds"))
    var timeout = 120

    func validate() throws {
        guard (0...86_400).contains(timeout) else { throw ValidationError("--timeout takes 0 to 86400 seconds") }
    }

    /// Connects, lets `body` talk, and disconnects.
    func withDaemon<Value: Sendable>(
        _ body: (inout DaemonConnection) async throws -> Value
    ) async throws -> Value {
        let path = SocketPath.forConnecting(explicit: socket, environment: ProcessInfo.processInfo.environment) {
            FileManager.default.fileExists(atPath: $0)
        }
        return try await DaemonConnection.with(path: path, patience: timeout == 0 ? nil : .seconds(timeout), body)
    }

    /// Sends one request, and prints its result as it came or through `show`.
    func ask<Parameters, Output>(
        _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters, show: (Output) -> String
    ) async throws {
        let result = try await withDaemon { try await $0.call(method, parameters) }
        try report(result, of: method, show: show)
    }

    func report<Parameters, Output>(
        _ result: JSONText, of method: RPCMethod<Parameters, Output>, show: (Output) -> String
    ) throws {
        if json {
            Terminal.write(result.utf8 + Data("\n".utf8))
        } else {
            Terminal.write(show(try method.output(of: result)))
        }
    }
}

extension RPCMethod {
    /// The result in its own type.
    func output(of result: JSONText) throws -> Output {
        do {
            return try result.decoded(as: Output.self)
        } catch {
            throw CommandFailure(
                "cannot read the daemon's answer to '\(name)'; compare 'interpretctl version' and use --json meanwhile")
        }
    }
}
