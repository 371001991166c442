import Foundation
import Glibc
import WireProtocol

/// How far a long request is, on standard error where that is a terminal.
final class ProgressBar {
    private static let width = 24
    /// What is done sooner needs no bar.
    private static let patience: Duration = .seconds(2)

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var isShown = false

    func show(_ progress: ProgressNotification) {
        guard isTerminal, ContinuousClock.now - start >= ProgressBar.patience else { return }
        let fraction = min(max(progress.fraction, 0), 1)
        let filled = Int(fraction * Double(ProgressBar.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: ProgressBar.width - filled)
        let left = progress.secondsLeft.map { ", \(Format.duration(seconds: $0)) left" } ?? ""
        let message = progress.message.map { "  \($0)" } ?? ""
        write("\r[\(bar)] \(Format.percent(fraction))\(left)\(message)\u{1B}[K")
        isShown = true
    }

    func clear() {
        if isShown { write("\r\u{1B}[K") }
        isShown = false
    }

    private func write(_ text: String) {
        _ = Terminal.writeAll(Data(text.utf8), to: STDERR_FILENO)
    }
}
