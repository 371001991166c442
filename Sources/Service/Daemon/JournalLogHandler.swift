import Foundation
import Glibc
public import Logging

/// Log lines for whoever reads standard error: a person at a terminal, a file, or systemd's journal.
///
/// One event is one line, written in one call, whatever a photo's name contains.
public struct JournalLogHandler: LogHandler {
    public enum Style: Sendable, Hashable {
        /// `<6>message key=value`: the journal takes the priority from the prefix (sd-daemon(3)) and knows the time.
        case journal
        /// `12:30:05 info  message key=value`, with colours or without.
        case plain(colours: Bool)

        /// The style for this process's standard error.
        public static func detected() -> Style {
            detected(environment: ProcessInfo.processInfo.environment, isTerminal: isatty(STDERR_FILENO) == 1)
        }

        /// - Parameter environment: `JOURNAL_STREAM` is set by systemd where standard error leads to the journal;
        ///   `NO_COLOR` (no-color.org) asks for no colours.
        public static func detected(environment: [String: String], isTerminal: Bool) -> Style {
            if !isTerminal, environment["JOURNAL_STREAM"] != nil { return .journal }
            let refusesColours = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
            return .plain(colours: isTerminal && !refusesColours)
        }
    }

    public var logLevel: Logger.Level = .info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let style: Style
    private let output: @Sendable (String) -> Void

    /// - Parameter output: takes finished lines, line break included; standard error by default.
    public init(style: Style, output: @escaping @Sendable (String) -> Void = JournalLogHandler.writeToStandardError) {
        self.style = style
        self.output = output
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        output(line(event.level, "\(event.message)", fields))
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) -> String {
        let text = JournalLogHandler.escape(message)
        let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(JournalLogHandler.quote("\($0.value)"))" }
            .joined()
        switch style {
        case .journal:
            return "<\(level.journalPriority)>\(text)\(pairs)\n"
        case .plain(let colours):
            let time = JournalLogHandler.clockTime()
            let name = level.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
            return colours
                ? "\u{1B}[2m\(time)\u{1B}[0m \(level.colour)\(name)\u{1B}[0m \(text)\u{1B}[2m\(pairs)\u{1B}[0m\n"
                : "\(time) \(name) \(text)\(pairs)\n"
        }
    }

    /// Control characters as `\n` or `\u{1b}`: a photo's name can neither end a line nor talk to a terminal.
    private static func escape(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { scalar in
            guard isControl(scalar) else { return String(scalar) }
            return switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: "\\u{\(String(scalar.value, radix: 16))}"
            }
        }.joined()
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }

    /// `value` as it is where it is one word, otherwise in quotation marks.
    private static func quote(_ value: String) -> String {
        let escaped = escape(value)
        let isWord = !escaped.isEmpty && !escaped.contains { $0 == " " || $0 == "\"" || $0 == "=" }
        return isWord ? escaped : "\"" + escaped.replacing("\"", with: "\\\"") + "\""
    }

    private static func clockTime() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    /// One write for the line, so that lines of several threads do not mix.
    @Sendable public static func writeToStandardError(_ line: String) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written > 0 { rest = rest.dropFirst(written) } else if errno != EINTR { return }
        }
    }
}

extension Logger.Level {
    /// syslog(3)'s priorities.
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    fileprivate var colour: String {
        switch self {
        case .trace, .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .notice: "\u{1B}[36m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        case .critical: "\u{1B}[1;31m"
        }
    }
}
