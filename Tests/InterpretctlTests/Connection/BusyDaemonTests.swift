import Foundation
import Glibc
import Socket
import TestSupport
import Testing

/// A daemon that is there and does not answer is not the same as none.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct BusyDaemonTests {
    /// A listening socket that nobody accepts at, with as many clients as the system lets wait.
    private final class FullSocket {
        let path: String
        let listening: Int32
        private var waiting: [Int32] = []

        init(path: String, isFull: Bool = true) throws {
            self.path = path
            listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            try #require(SocketTestClient.call(bind, listening, path) == 0 && listen(listening, 1) == 0)
            while isFull {
                let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
                waiting.append(socket(AF_UNIX, type, 0))
                guard SocketTestClient.call(connect, try #require(waiting.last), path) == 0 else { break }
            }
            try #require(!isFull || errno == EAGAIN && waiting.count > 1)
        }

        deinit {
            for descriptor in waiting + [listening] { close(descriptor) }
        }
    }

    @Test func whereNoConnectionIsTakenTheClientSaysSoAndNotThatThereIsNoDaemon() async throws {
        let client = try Interpretctl()
        let full = try FullSocket(path: client.folder.path + "/s")
        let output = try await client.run("status", "--timeout", "1", socket: full.path)
        #expect(output.status == 1)
        #expect(output.error.contains("is there and took no connection for 1 second:"), "\(output.error)")
        #expect(output.error.split(separator: "\n").count == 1)
        let doctor = try await client.run("doctor", "--timeout", "1", socket: full.path)
        #expect(doctor.status == 1 && doctor.out.contains("took no connection"), "\(doctor.out) \(doctor.error)")
        withExtendedLifetime(full) {}
    }

    @Test func whereNobodyAnswersTheClientSaysForHowLong() async throws {
        let client = try Interpretctl()
        let silent = try FullSocket(path: client.folder.path + "/s", isFull: false)
        let output = try await client.run("status", "--timeout", "1", socket: silent.path)
        #expect(output.status == 1)
        #expect(output.error.contains("did not answer for 1 second: it is busy, stopped, or hangs"), "\(output.error)")
        withExtendedLifetime(silent) {}
    }

    @Test func theClientWaitsForItsPlaceInTheQueue() async throws {
        let client = try Interpretctl()
        let full = try FullSocket(path: client.folder.path + "/s")
        let program = try await client.start(["status", "--timeout", "600"], socket: full.path)
        // It has found no place by the time that it has a socket, or soon after.
        #expect(try await eventually { isConnecting(program) })
        let listening = dup(full.listening)
        // Not closed before it is copied: its number may be another's by then.
        withExtendedLifetime(full) {}
        try await SocketTestServer.with(FakeDaemon().handler, endpoint: .inherited(descriptor: listening)) { _ in
            let output = try await client.output(of: program)
            #expect(output.status == 0 && output.out.contains("/srv/inbox"), "\(output.error)")
        }
    }

    private func isConnecting(_ program: RunningProgram) -> Bool {
        let folder = "/proc/\(program.processIdentifier)/fd"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return false }
        return names.contains { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"))?.hasPrefix("socket:")
                ?? false
        }
    }
}
