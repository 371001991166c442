import Foundation
import Glibc

/// Standard output and standard error.
enum Terminal {
    /// Whether `descriptor` is a terminal that understands colours, and the person wants them (https://no-color.org).
    static func hasColours(_ descriptor: Int32 = STDOUT_FILENO) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        return isatty(descriptor) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    static func write(_ text: String) {
        write(Data(text.utf8))
    }

    /// Writes everything to standard output, unbuffered. Ends the process where nobody reads any more: the request was
    /// done, and the reader has seen what it wanted.
    static func write(_ data: Data) {
        switch writeAll(data, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: exit(ExitStatus.done.rawValue)
        case let code:
            writeError("cannot write to standard output: \(String(cString: strerror(code)))")
            exit(ExitStatus.failed.rawValue)
        }
    }

    /// Writes one line to standard error.
    static func writeError(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ").printable
        _ = writeAll(Data("interpretctl: \(line)\n".utf8), to: STDERR_FILENO)
    }

    /// - Returns: 0, or the error's number.
    static func writeAll(_ data: Data, to descriptor: Int32) -> Int32 {
        data.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Someone made the descriptor non-blocking; wait until it takes more.
                    var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&poller, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// A text's look on a terminal; on anything else the text alone.
enum Style: String {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"

    private static let isOn = Terminal.hasColours()

    func callAsFunction(_ text: String) -> String {
        Style.isOn && !text.isEmpty ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }
}
