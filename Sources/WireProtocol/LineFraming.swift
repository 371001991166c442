public import Foundation

/// The one thing that can go wrong when a stream is cut into lines.
public enum LineFramingError: Error, Equatable, CustomStringConvertible {
    case lineTooLong(limit: Int)

    public var description: String {
        switch self {
        case .lineTooLong(let limit):
            "the line is longer than \(limit) bytes; send large photos by path instead of inline"
        }
    }
}

/// Cuts a stream of bytes into lines that end in `\n` or `\r\n`, whatever the chunks it arrives in.
///
/// Bytes are held until their line is complete, so that a character split over two chunks is whole again. What is held
/// is bounded: the limit, and one chunk more.
public struct LineFraming: Sendable {
    /// Longest line in bytes, its end not counted.
    public let limit: Int

    /// Bytes that are held and were not handed out as a line.
    public var heldBytes: Int { buffer.count - start }

    private var buffer: [UInt8] = []
    /// First byte of the line being collected.
    private var start = 0
    /// Bytes before this one hold no line end; they are not looked at again when more arrives.
    private var scanned = 0
    private var isBroken = false

    public init(limit: Int = WireLimits.lineBytes) {
        self.limit = limit
    }

    /// Takes the next chunk of the stream.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        guard !isBroken else { return }
        if start > 0 {
            buffer.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next complete line without its end, or nil until more bytes are there.
    ///
    /// - Throws: `LineFramingError.lineTooLong`, then at every later call: where the next line begins is unknown, so the
    ///   stream cannot be used any more.
    public mutating func nextLine() throws(LineFramingError) -> Data? {
        guard !isBroken else { throw .lineTooLong(limit: limit) }
        guard let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = buffer.count
            // One byte more than the limit may be the carriage return of a line that just fits.
            if buffer.count - start > limit + 1 { throw broken() }
            return nil
        }
        let lineEnd = end > start && buffer[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
        guard lineEnd - start <= limit else { throw broken() }
        let line = Data(buffer[start..<lineEnd])
        start = end + 1
        scanned = start
        return line
    }

    private mutating func broken() -> LineFramingError {
        isBroken = true
        buffer = []
        start = 0
        scanned = 0
        return .lineTooLong(limit: limit)
    }
}
