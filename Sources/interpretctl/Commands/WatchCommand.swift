import ArgumentParser
import Foundation
import WireProtocol

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Events as they happen, until interrupted.",
        discussion: """
            Examples:
              interpretctl watch
              interpretctl watch | tee today.txt
              interpretctl watch --json | jq -r 'select(.event == "photo-failed").path'

            On a terminal it is a table of the photos that are done, and below it what waits, what is in hand and how the \
            verdicts fell since the watching began. Elsewhere each event is a line.
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard !common.json, isatty(STDOUT_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else {
            return try await watch { event, params in
                if common.json {
                    Terminal.write(params.utf8 + Data("\n".utf8))
                } else if let event {
                    Terminal.write(EventLine(event).text)
                }
            }
        }
        let screen = WatchScreen()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch { event, _ in if let event { await screen.show(event) } } }
            group.addTask { try await poll { await screen.show($0) } }
            // Both go on for ever; the first that ends has failed.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// - Parameter take: gets each event as it came, and read where it can be.
    private func watch(_ take: (Event?, JSONText) async -> Void) async throws {
        try await common.withDaemon { connection in
            _ = try await connection.call(RPCMethods.watch, NoParameters())
            while true {
                guard case .notification(let notification) = try await connection.nextMessage(isPatient: true),
                    notification.method == RPCMethods.eventNotification
                else { continue }
                await take(try? notification.params.decoded(as: Event.self), notification.params)
            }
        }
    }

    /// What the daemon counts, on a connection of its own, every two seconds.
    private func poll(_ take: (StatusResult) async -> Void) async throws {
        try await common.withDaemon { connection in
            while true {
                let result = try await connection.call(RPCMethods.status, NoParameters())
                await take(try RPCMethods.status.output(of: result))
                try await Task.sleep(for: .seconds(2))
            }
        }
    }
}

extension Event {
    var style: Style? {
        switch event {
        case .photoDone: .green
        case .photoFailed: .red
        default: nil
        }
    }
}

/// An event as a line, for files and pipes.
struct EventLine {
    private let event: Event

    init(_ event: Event) { self.event = event }

    var text: String {
        let name = event.event.rawValue
        let label = event.label.map { label in event.probability.map { "\(label) \(Format.percent($0))" } ?? label }
        let boxes = event.boxes.map { Format.count($0, "box", plural: "boxes") }
        let details = [event.path, event.model, label, boxes, event.verdict, event.warning, event.error]
        let lost = event.dropped.map { Style.yellow("\(Format.count($0, "event")) lost before this one") + "\n" } ?? ""
        let padded = name + String(repeating: " ", count: max(0, 14 - name.count))
        let words = [Format.time(event.time), event.style?(padded) ?? padded] + details.compactMap { $0?.printable }
        return lost + words.joined(separator: "  ") + "\n"
    }
}
