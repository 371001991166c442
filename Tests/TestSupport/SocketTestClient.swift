import Foundation
package import Glibc
import Synchronization
package import WireProtocol

/// A client made of plain system calls, so that the server is not tested against its own library. Blocking calls run on
/// queues of their own and give up after a while.
package final class SocketTestClient: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    private let descriptor: Int32
    private let isOpen = Mutex(true)
    private let framing = Mutex(LineFraming())
    private let reading = DispatchQueue(label: "reading")
    private let writing = DispatchQueue(label: "writing")

    /// - Parameter patience: seconds after which sending, or waiting for more, is given up.
    package init(path: String, patience: Int = 600) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard SocketTestClient.call(connect, descriptor, path) == 0 else {
            let reason = String(cString: strerror(errno))
            // Here and now: whoever tries again and again would have thousands open before the queues come to it.
            _ = Glibc.close(descriptor)
            throw Failure(description: "connect: \(reason)")
        }
        self.descriptor = descriptor
        var timeout = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close()
    }

    /// `connect` or `bind` with a path.
    package static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Sends one datagram.
    package static func sendDatagram(_ text: String, to path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { _ = Glibc.close(descriptor) }
        let bytes = Array(text.utf8)
        guard call(connect, descriptor, path) == 0, Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw Failure(description: "cannot send a datagram: \(String(cString: strerror(errno)))")
        }
    }

    package func send(_ text: String) async throws {
        try await onQueue(writing) { [descriptor] in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(description: "send: \(String(cString: strerror(errno)))") }
                rest = rest.dropFirst(count)
            }
        }
    }

    package func request(_ method: String, id: Int?, params: String = "{}") async throws {
        let id = id.map { #""id":\#($0),"# } ?? ""
        try await send(#"{"jsonrpc":"2.0",\#(id)"method":"\#(method)","params":\#(params)}"# + "\n")
    }

    /// The next line, or nil at the end of the stream.
    package func line() async throws -> String? {
        try await onQueue(reading) { [self] in
            while true {
                let line = try framing.withLock { try $0.nextLine() }
                if let line { return String(decoding: line, as: UTF8.self) }
                var chunk = [UInt8](repeating: 0, count: 65_536)
                let count = recv(descriptor, &chunk, chunk.count, 0)
                if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
                guard count > 0 else { throw Failure(description: "recv: \(String(cString: strerror(errno)))") }
                let received = chunk[..<count]
                framing.withLock { $0.append(received) }
            }
        }
    }

    /// The next line as a message.
    package func message() async throws -> ServerMessage {
        guard let line = try await line() else { throw Failure(description: "the server closed the connection") }
        return try ServerMessage(line: Data(line.utf8))
    }

    package func reply() async throws -> Reply {
        guard case .reply(let reply) = try await message() else { throw Failure(description: "not a reply") }
        return reply
    }

    /// The result of the next answer, as text.
    package func result() async throws -> String { try await reply().outcome.get().description }

    /// The error of the next answer.
    package func error() async throws -> RPCError {
        switch try await reply().outcome {
        case .success(let result): throw Failure(description: "expected an error, got \(result)")
        case .failure(let error): return error
        }
    }

    package func finishWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    package func close() {
        let wasOpen = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard wasOpen else { return }
        // Closed while a queue is inside a call, the descriptor's number would be given to someone else.
        shutdown(descriptor, Int32(SHUT_RDWR))
        writing.async { [reading, descriptor] in
            reading.async { _ = Glibc.close(descriptor) }
        }
    }

    private func onQueue<Value: Sendable>(
        _ queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
