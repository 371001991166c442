import Foundation
import Glibc

/// What a terminal answers when it is asked for its graphics.
package struct TerminalAnswer: Equatable {
    package var hasKittyGraphics = false
    package var hasSixels = false

    /// One pixel that kitty's protocol would only check, and then DEC's question for the attributes, which every terminal
    /// answers: its answer ends the waiting.
    package static let question = "\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\" + attributesQuestion
    /// Multiplexers take the first for a title.
    package static let attributesQuestion = "\u{1B}[c"

    /// - Returns: nil until `bytes` has the terminal's attributes: `ESC [ ? 62 ; 4 c`, where 4 stands for sixels.
    package init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = text.range(of: "\u{1B}[?"),
            let end = text[start.upperBound...].firstIndex(where: { !$0.isNumber && $0 != ";" }), text[end] == "c"
        else { return nil }
        hasSixels = text[start.upperBound..<end].split(separator: ";").contains("4")
        hasKittyGraphics = text.contains("\u{1B}_Gi=31;OK")
    }

    /// Asks the terminal of this process. Nothing is asked where somebody has typed ahead, which would be lost, or where
    /// the process is in the background, which the terminal would stop.
    ///
    /// - Parameters:
    ///   - isMultiplexed: whether it is tmux or screen.
    ///   - patience: in milliseconds.
    /// - Returns: nil where there is no answer in time.
    package static func ask(isMultiplexed: Bool, patience: Int32 = 500) -> TerminalAnswer? {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var before = termios()
        guard tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &before) == 0 else { return nil }
        var typed: Int32 = 0
        guard ioctl(terminal, UInt(FIONREAD), &typed) == 0, typed == 0 else { return nil }

        var silent = before
        silent.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(terminal, TCSANOW, &silent) == 0 else { return nil }
        defer { _ = tcsetattr(terminal, TCSANOW, &before) }
        guard Terminal.writeAll(Data((isMultiplexed ? attributesQuestion : question).utf8), to: terminal) == 0 else {
            return nil
        }
        let end = ContinuousClock.now + .milliseconds(Int(patience))
        var bytes: [UInt8] = []
        while bytes.count < 1024 {
            let left = (end - ContinuousClock.now) / .milliseconds(1)
            var poller = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&poller, 1, Int32(left)) > 0 else { return nil }
            var piece = [UInt8](repeating: 0, count: 256)
            let count = read(terminal, &piece, piece.count)
            guard count > 0 else { return nil }
            bytes += piece[..<count]
            if let answer = TerminalAnswer(bytes) { return answer }
        }
        return nil
    }
}
