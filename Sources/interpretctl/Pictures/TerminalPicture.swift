import Foundation
package import WireProtocol

/// How a picture is shown on a terminal.
package enum TerminalPicture: String, CaseIterable {
    /// kitty's graphics protocol, pixel for pixel: kitty, Ghostty, WezTerm, Konsole.
    case kitty
    /// DEC's sixels, in 256 colours: foot, mlterm, xterm -ti vt340, tmux.
    case sixel
    /// Two pixels a character in colours of 24 bits.
    case blocks
    case none

    /// What the person's terminal has.
    ///
    /// - Parameters:
    ///   - isTerminal: whether standard output is one.
    ///   - ask: the terminal itself; called only where the environment does not say it. Nil where it does not answer.
    package static func best(
        isTerminal: Bool, environment: [String: String], ask: (_ isMultiplexed: Bool) -> TerminalAnswer?
    ) -> TerminalPicture {
        func has(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        let name = environment["TERM"] ?? ""
        // https://no-color.org
        guard isTerminal, !has("NO_COLOR"), name != "dumb", !name.isEmpty else { return .none }
        // Between us and the terminal, so that what the terminal says of itself does not hold.
        let isMultiplexed = has("TMUX") || has("STY") || name.hasPrefix("screen") || name.hasPrefix("tmux")
        if !isMultiplexed {
            if has("KITTY_WINDOW_ID") { return .kitty }
            for names in [name, environment["TERM_PROGRAM"] ?? ""] {
                if let known = known[names] { return known }
            }
        }
        // The console of Linux has neither, and prints what it does not know.
        if name != "linux", let answer = ask(isMultiplexed) {
            if answer.hasKittyGraphics { return .kitty }
            if answer.hasSixels { return .sixel }
        }
        return ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") ? .blocks : .none
    }

    /// By what TERM or TERM_PROGRAM says.
    private static let known: [String: TerminalPicture] = [
        "xterm-kitty": .kitty, "xterm-ghostty": .kitty, "ghostty": .kitty, "WezTerm": .kitty,
        "foot": .sixel, "foot-extra": .sixel, "mlterm": .sixel,
    ]

    /// The room for a picture, so that no line of it is wider or higher than the window; nil for none.
    package func room(on window: TerminalWindow) -> PictureRoom? {
        // The line below the picture.
        let rows = max(window.rows - 1, 1)
        let most = PictureRoom.largestSide
        switch self {
        case .none: return nil
        case .blocks: return PictureRoom(width: min(window.columns, most), height: min(rows * 2, most))
        case .kitty, .sixel:
            return PictureRoom(
                width: min(window.columns * window.cellWidth, Self.widest),
                height: min(rows * window.cellHeight, Self.widest))
        }
    }

    /// More pixels are not worth the time that they take on a slow line.
    private static let widest = 960

    /// What a terminal has to be sent.
    package func escapes(for picture: PicturePixels, on window: TerminalWindow) -> String {
        switch self {
        case .kitty:
            KittyEncoder.encode(
                picture, columns: max((picture.width + window.cellWidth - 1) / window.cellWidth, 1))
        case .sixel: SixelEncoder.encode(picture)
        case .blocks: BlockEncoder.encode(picture)
        case .none: ""
        }
    }
}

extension PicturePixels {
    /// Whether there is a pixel for every sample: what comes over a socket need not be so.
    package var isComplete: Bool {
        (1...PictureRoom.largestSide).contains(width) && (1...PictureRoom.largestSide).contains(height)
            && rgb.count == width * height * 3
    }
}
