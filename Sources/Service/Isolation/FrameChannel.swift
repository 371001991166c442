import Foundation
import Glibc

/// Messages through a socket between two processes of one machine: four bytes of length, high byte first, then JSON.
/// Its calls wait, so they belong on a thread of their own.
struct FrameChannel {
    enum Failure: Error, Equatable {
        /// The other side is gone, or has sent what is no message.
        case closed
        /// Nothing came before the deadline.
        case timedOut
    }

    /// Longest message: the pictures of one photo, in base64.
    private static let longest = 512 << 20

    let descriptor: CInt

    func send(_ message: some Encodable) throws {
        let body = try JSONEncoder().encode(message)
        guard let length = UInt32(exactly: body.count), body.count <= FrameChannel.longest else { throw Failure.closed }
        var frame = withUnsafeBytes(of: length.bigEndian) { Data($0) }
        frame.append(body)
        while !frame.isEmpty {
            let count = frame.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { frame = Data(frame.dropFirst(count)) } else if errno != EINTR { throw Failure.closed }
        }
    }

    /// The next message.
    ///
    /// - Parameter deadline: how long to wait for it; nil for ever.
    func receive<Message: Decodable>(
        _ type: Message.Type, until deadline: ContinuousClock.Instant? = nil
    ) throws -> Message {
        let head = try bytes(4, until: deadline)
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard length <= FrameChannel.longest else { throw Failure.closed }
        do {
            return try JSONDecoder().decode(type, from: try bytes(length, until: deadline))
        } catch is DecodingError {
            throw Failure.closed
        }
    }

    private func bytes(_ count: Int, until deadline: ContinuousClock.Instant?) throws(Failure) -> Data {
        var data = Data()
        var piece = [UInt8](repeating: 0, count: min(count, 1 << 16))
        while data.count < count {
            var wait: CInt = -1
            if let deadline {
                let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
                guard left > 0 else { throw .timedOut }
                wait = CInt(min(left.rounded(.up), 60_000))
            }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, wait)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            guard ready > 0 else { throw .closed }
            let got = recv(descriptor, &piece, min(piece.count, count - data.count), 0)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw .closed }
            data.append(contentsOf: piece[..<got])
        }
        return data
    }
}
