import Foundation
import Glibc
import WireProtocol

/// A map that grows, drawn on standard error where that is a terminal: two rows of the map a line, dark where most is
/// lost, dots where nothing is known yet.
final class MapView {
    /// What is done sooner is not worth a picture.
    private static let patience: Duration = .milliseconds(700)
    /// xterm's colours 232…255 are greys from dark to light.
    private static let greys = (first: 232, count: 24)

    /// Whether it would be seen: colours are needed for it.
    static var isUseful: Bool { Terminal.hasColours(STDERR_FILENO) }

    private let start = ContinuousClock.now
    private var lines = 0

    func show(_ map: PartialMapPayload) {
        guard MapView.isUseful, ContinuousClock.now - start >= MapView.patience, map.rows > 0, map.columns > 0,
            map.values.count == map.rows * map.columns
        else { return }
        var text = lines > 0 ? "\r\u{1B}[\(lines)A" : "\r"
        let known = map.values.compactMap { $0 }
        let (least, most) = (known.min() ?? 0, known.max() ?? 0)
        func colour(_ row: Int, _ column: Int) -> Int? {
            guard row < map.rows, let value = map.values[row * map.columns + column] else { return nil }
            let share = most > least ? (value - least) / (most - least) : 1
            return MapView.greys.first + min(Int(share * Double(MapView.greys.count)), MapView.greys.count - 1)
        }
        for row in stride(from: 0, to: map.rows, by: 2) {
            for column in 0..<map.columns {
                switch (colour(row, column), colour(row + 1, column)) {
                case (nil, nil): text += "\u{1B}[0m·"
                case (let top?, nil): text += "\u{1B}[0;38;5;\(top)m▀"
                case (nil, let bottom?): text += "\u{1B}[0;38;5;\(bottom)m▄"
                case (let top?, let bottom?): text += "\u{1B}[38;5;\(top);48;5;\(bottom)m▀"
                }
            }
            text += "\u{1B}[0m\u{1B}[K\n"
        }
        lines = (map.rows + 1) / 2
        write(text)
    }

    /// Takes the picture away.
    func clear() {
        if lines > 0 { write("\r\u{1B}[\(lines)A\u{1B}[J") }
        lines = 0
    }

    private func write(_ text: String) {
        _ = Terminal.writeAll(Data(text.utf8), to: STDERR_FILENO)
    }
}
