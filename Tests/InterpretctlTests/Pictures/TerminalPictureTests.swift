import Foundation
import Glibc
import Testing
import WireProtocol
import interpretctl

/// Which pictures a terminal gets, and how large.
@Suite struct TerminalPictureTests {
    private func best(
        _ environment: [String: String], isTerminal: Bool = true, answer: String? = nil
    ) -> TerminalPicture {
        TerminalPicture.best(isTerminal: isTerminal, environment: environment) { _ in
            answer.flatMap { TerminalAnswer(Array($0.utf8)) }
        }
    }

    @Test func theEnvironmentSaysItWhereItCan() {
        #expect(best(["TERM": "xterm-kitty"]) == .kitty)
        #expect(best(["TERM": "xterm-256color", "KITTY_WINDOW_ID": "3"]) == .kitty)
        #expect(best(["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"]) == .kitty)
        #expect(best(["TERM": "foot"]) == .sixel)
    }

    @Test func withoutItTheTerminalIsAsked() {
        let xterm = ["TERM": "xterm-256color", "COLORTERM": "truecolor"]
        #expect(best(xterm, answer: "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;c") == .kitty)
        #expect(best(xterm, answer: "\u{1B}[?63;1;4;22c") == .sixel)
        #expect(best(xterm, answer: "\u{1B}[?64;1;44c") == .blocks)
        #expect(best(xterm) == .blocks)
        #expect(best(["TERM": "xterm-256color"]) == .none)
    }

    /// What kitty says of itself does not hold for tmux in it, which answers for itself.
    @Test func aMultiplexerAnswersForItself() {
        let tmux = ["TERM": "tmux-256color", "TMUX": "/tmp/tmux", "KITTY_WINDOW_ID": "3", "COLORTERM": "truecolor"]
        #expect(best(tmux) == .blocks)
        #expect(best(tmux, answer: "\u{1B}[?1;2;4c") == .sixel)
        var asked: [Bool] = []
        _ = TerminalPicture.best(isTerminal: true, environment: tmux) {
            asked.append($0)
            return nil
        }
        #expect(asked == [true])
    }

    @Test(arguments: [
        ["TERM": "xterm-kitty", "NO_COLOR": "1"], ["TERM": "dumb", "COLORTERM": "truecolor"], [:],
    ])
    func whereItIsNotWantedNothingIsAskedOrShown(environment: [String: String]) {
        #expect(
            TerminalPicture.best(isTerminal: true, environment: environment) { _ in
                Issue.record("the terminal was asked")
                return nil
            } == .none)
    }

    @Test func whatIsNoTerminalIsNotAsked() {
        #expect(
            TerminalPicture.best(isTerminal: false, environment: ["TERM": "xterm", "COLORTERM": "truecolor"]) { _ in
                Issue.record("a file was asked")
                return nil
            } == .none)
    }

    @Test func theAnswerEndsWithTheAttributes() {
        #expect(TerminalAnswer(Array("\u{1B}_Gi=31;OK\u{1B}\\".utf8)) == nil)
        #expect(TerminalAnswer(Array("\u{1B}[?62;4".utf8)) == nil)
        #expect(TerminalAnswer(Array("\u{1B}_Gi=31;ENOTSUPPORTED\u{1B}\\\u{1B}[?4c".utf8))?.hasKittyGraphics == false)
        #expect(TerminalAnswer.question == "\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}[c")
    }

    @Test func theRoomIsTheWindows() {
        let window = TerminalWindow(winsize(ws_row: 25, ws_col: 90, ws_xpixel: 900, ws_ypixel: 500))
        #expect(TerminalPicture.blocks.room(on: window) == PictureRoom(width: 90, height: 48))
        #expect(TerminalPicture.sixel.room(on: window) == PictureRoom(width: 900, height: 480))
        #expect(TerminalPicture.none.room(on: window) == nil)
        // No pixels are said: 8×16 of them are assumed a character.
        let plain = TerminalWindow(winsize(ws_row: 25, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0))
        #expect(TerminalPicture.kitty.room(on: plain) == PictureRoom(width: 720, height: 384))
        #expect(TerminalWindow(winsize()) == TerminalWindow())
    }
}
