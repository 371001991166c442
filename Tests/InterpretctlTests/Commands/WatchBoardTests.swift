import Foundation
import Testing
import WireProtocol
import interpretctl

/// The table of `watch`.
@Suite struct WatchBoardTests {
    /// As the test may run on a terminal.
    private func withoutColours(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9]+m/, with: "") }

    private func done(_ path: String, _ label: String = "cat", verdict: String? = nil) -> Event {
        Event(.photoDone, path: path, label: label, probability: 0.918, boxes: 1, verdict: verdict)
    }

    @Test func aPhotoIsARowUnderOneHeading() {
        var board = WatchBoard()
        let first = board.take(done("/inbox/cat.jpg", verdict: "looks-at-animal"), columns: 100)
        #expect(first.split(separator: "\n").count == 2)
        #expect(first.contains("PHOTO") && first.contains("█████████▏") && first.contains("91.8 %"))
        #expect(first.contains("looks-at-animal"))
        let second = board.take(done("/inbox/dog.jpg"), columns: 100)
        #expect(second.split(separator: "\n").count == 1 && !second.contains("PHOTO"))
        #expect(board.take(Event(.photoQueued, path: "/inbox/new.jpg"), columns: 100) == "")
        let failure = Event(.photoFailed, path: "/inbox/half.jpg", error: "the file ends early; copy it again")
        #expect(board.take(failure, columns: 100).contains("half.jpg"))
        #expect(board.counters(columns: 100).contains { $0.hasPrefix("here 2 done, 1 failed") })
        #expect(board.counters(columns: 100).contains("looks-at-animal 1"))
    }

    @Test(arguments: [40, 80, 200])
    func noCounterIsWiderThanTheWindowAndNoRowWraps(columns: Int) {
        var board = WatchBoard()
        board.status = StatusResult(
            version: "1", uptimeSeconds: 1, pid: 1, inbox: "/inbox", socket: "/s", models: [],
            photos: .init(pending: 830, working: 1, done: 12_345, failed: 2),
            current: ["/inbox/" + String(repeating: "long", count: 60)], photosPerMinute: 41.5)
        let row = board.take(
            done("/inbox/" + String(repeating: "name", count: 60), verdict: "looks-at-animal"), columns: columns)
        #expect(board.counters(columns: columns).allSatisfy { $0.count < columns })
        if columns >= 80 { #expect(withoutColours(row).split(separator: "\n").allSatisfy { $0.count < columns }) }
        #expect(columns < 200 || board.counters(columns: columns).contains { $0.contains("20 min 0 s left") })
    }

    /// A file may have any name, and must not move the cursor or name the window.
    @Test func aNameDoesNothingToTheTerminal() {
        var board = WatchBoard()
        let row = withoutColours(board.take(done("/inbox/a\u{1B}]0;x\u{07}b.jpg"), columns: 100))
        #expect(row.contains("a\\u{1b}]0;x\\u{7}b.jpg") && !row.contains("\u{1B}") && !row.contains("\u{07}"))
    }
}
