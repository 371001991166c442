import Foundation
import Logging
import Service
import Synchronization
import Testing

@Suite("Telling systemd, the journal and people")
struct NotifierTests {
    private func lines(_ style: JournalLogHandler.Style, _ body: (Logger) -> Void) -> [String] {
        let collected = Collector()
        body(
            Logger(label: "test") { _ in
                JournalLogHandler(style: style) { line in collected.lines.withLock { $0.append(line) } }
            })
        return collected.lines.withLock { $0 }
    }

    @Test("the journal gets a priority, the message and its fields, and no time")
    func journal() {
        let lines = lines(.journal) { logger in
            logger.info("a photo is done", metadata: ["photo": "/inbox/a.jpg", "label": "cat"])
            logger.warning("careful")
            logger.error("broken", metadata: ["reason": "no space left"])
        }
        #expect(
            lines == [
                "<6>a photo is done label=cat photo=/inbox/a.jpg\n", "<4>careful\n",
                "<3>broken reason=\"no space left\"\n",
            ])
    }

    @Test("a photo's name can neither end a line, nor forge a field, nor talk to a terminal")
    func escaping() throws {
        let lines = lines(.journal) { logger in
            logger.notice("a\nb", metadata: ["photo": "x\n<0>forged\u{1B}[2J\u{2028}", "other": "a\" b=c"])
        }
        #expect(lines == ["<5>a\\nb other=\"a\\\" b=c\" photo=x\\n<0>forged\\u{1b}[2J\\u{2028}\n"])
    }

    @Test("a terminal gets colours unless NO_COLOR asks for none; a file never does")
    func styles() {
        typealias Style = JournalLogHandler.Style
        #expect(Style.detected(environment: [:], isTerminal: true) == .plain(colours: true))
        #expect(Style.detected(environment: ["NO_COLOR": "1"], isTerminal: true) == .plain(colours: false))
        #expect(Style.detected(environment: [:], isTerminal: false) == .plain(colours: false))
        #expect(Style.detected(environment: ["JOURNAL_STREAM": "8:1"], isTerminal: false) == .journal)
        #expect(Style.detected(environment: ["JOURNAL_STREAM": "8:1"], isTerminal: true) == .plain(colours: true))
        let plain = lines(.plain(colours: false)) { $0.info("hello") }
        #expect(plain.first?.hasSuffix(" info     hello\n") == true)
        #expect(plain.first?.contains("\u{1B}") == false)
    }

    @Test("outside of systemd nobody watches, and no socket is inherited")
    func outsideSystemd() throws {
        #expect(SystemdNotifier().watchdogInterval == nil)
        #expect(try SystemdNotifier.inheritedSockets().isEmpty)
        SystemdNotifier().status("two\nlines")  // and telling it hurts nobody
    }
}

private final class Collector: Sendable {
    let lines = Mutex<[String]>([])
}
