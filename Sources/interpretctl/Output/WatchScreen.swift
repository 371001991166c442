import Foundation
import Glibc
package import WireProtocol

/// What `watch` shows on a terminal: a row for each photo that is done or has failed, which stays, and below the rows the
/// counters, which are drawn anew.
actor WatchScreen {
    private var board = WatchBoard()
    /// Lines of the counters on the screen.
    private var lines = 0

    func show(_ event: Event) {
        let window = TerminalWindow(of: STDOUT_FILENO)
        redraw(above: board.take(event, columns: window.columns), window)
    }

    func show(_ status: StatusResult) {
        board.status = status
        redraw(above: "", TerminalWindow(of: STDOUT_FILENO))
    }

    private func redraw(above rows: String, _ window: TerminalWindow) {
        let counters = board.counters(columns: window.columns)
        let away = lines > 0 ? "\r\u{1B}[\(lines)A\u{1B}[J" : ""
        Terminal.write(away + rows + counters.map { $0 + "\n" }.joined())
        lines = counters.count
    }
}

/// The words of `watch`'s table.
package struct WatchBoard {
    /// What the daemon counts; nil before it was asked.
    package var status: StatusResult?

    package init() {}

    private var hasHeading = false
    private var verdicts: [String: Int] = [:]
    private var done = 0
    private var failed = 0

    private static let widths = (time: 8, label: 14, bar: 10, percent: 7, verdict: 15)
    private static let gap = "  "

    /// Counts an event.
    ///
    /// - Returns: its rows, the heading before the first; empty for a photo that only waits.
    package mutating func take(_ event: Event, columns: Int) -> String {
        var rows = ""
        if let lost = event.dropped { rows += Style.yellow("\(Format.count(lost, "event")) lost") + "\n" }
        let isFailure = event.event == .photoFailed
        guard isFailure || event.event == .photoDone else { return rows }
        if isFailure { failed += 1 } else { done += 1 }
        if let verdict = event.verdict { verdicts[verdict, default: 0] += 1 }
        if !hasHeading {
            rows += Style.faint(row(["TIME", "PHOTO", "CLASS", "", "", "VERDICT"], columns)) + "\n"
            hasHeading = true
        }
        let photo = Self.fitted(name(of: event), to: photoWidth(columns))
        let time = Self.fitted(String(Format.time(event.time).suffix(Self.widths.time)), to: Self.widths.time)
        guard !isFailure else {
            let room = max(columns - Self.widths.time - photo.count - 2 * Self.gap.count, 8)
            let reason = Self.fitted(event.error ?? "failed", to: room)
            return rows + [time, photo, Style.red(reason)].joined(separator: Self.gap) + "\n"
        }
        let cells = [
            time, photo, Self.fitted(event.label ?? "", to: Self.widths.label),
            event.probability.map { Bar.text($0, width: Self.widths.bar) } ?? Self.fitted("", to: Self.widths.bar),
            Self.fitted(event.probability.map(Format.percent) ?? "", to: Self.widths.percent, isNumber: true),
            event.verdict.map { (Style(verdict: $0) ?? .yellow)(Self.fitted($0, to: Self.widths.verdict)) }
                ?? Style.faint("-"),
        ]
        return rows + cells.joined(separator: Self.gap) + "\n"
    }

    /// The lines below the table, none wider than the window.
    package func counters(columns: Int) -> [String] {
        var lines = [String(repeating: "─", count: max(columns - 1, 1))]
        var words = ["here \(done) done" + (failed > 0 ? ", \(failed) failed" : "")]
        if let status {
            let photos = status.photos
            words.append(
                "inbox \(photos.pending) waiting, \(photos.working) in hand, \(photos.done) done, \(photos.failed) failed"
            )
            if let pace = status.photosPerMinute { words.append("\(Format.decimal(pace, 1)) a minute") }
            if let pace = status.photosPerMinute, pace > 0, photos.pending > 0 {
                words.append("\(Format.duration(seconds: Double(photos.pending) / pace * 60)) left")
            }
        }
        lines.append(words.joined(separator: " · "))
        let fell = verdicts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        if !fell.isEmpty { lines.append(fell.map { "\($0.key) \($0.value)" }.joined(separator: " · ")) }
        if let current = status?.current.first { lines.append("now \(Files.name(of: current))") }
        return lines.map { Self.shortened($0, to: max(columns - 1, 1)) }
    }

    private func name(of event: Event) -> String {
        let path = event.path ?? ""
        guard let inbox = status?.inbox, path.hasPrefix(inbox + "/") else { return Files.name(of: path) }
        return String(path.dropFirst(inbox.count + 1))
    }

    private func row(_ texts: [String], _ columns: Int) -> String {
        let widths = [
            Self.widths.time, photoWidth(columns), Self.widths.label, Self.widths.bar, Self.widths.percent,
            Self.widths.verdict,
        ]
        return zip(texts, widths).map { Self.fitted($0, to: $1) }.joined(separator: Self.gap)
    }

    /// What the other columns leave.
    private func photoWidth(_ columns: Int) -> Int {
        let widths = Self.widths
        let others = widths.time + widths.label + widths.bar + widths.percent + widths.verdict + 5 * Self.gap.count
        return min(max(columns - 1 - others, 10), 60)
    }

    private static func fitted(_ text: String, to width: Int, isNumber: Bool = false) -> String {
        let short = shortened(text, to: width)
        let space = String(repeating: " ", count: width - short.count)
        return isNumber ? space + short : short + space
    }

    private static func shortened(_ text: String, to width: Int) -> String {
        let shown = text.printable
        return shown.count <= width ? shown : shown.prefix(max(width - 1, 0)) + "…"
    }
}

extension Style {
    /// Of a verdict's word; nil for one that is not known.
    init?(verdict: String) {
        switch verdict {
        case "looks-at-animal": self = .green
        case "looks-elsewhere": self = .red
        case "looks-partly", "undecided": self = .yellow
        default: return nil
        }
    }
}
