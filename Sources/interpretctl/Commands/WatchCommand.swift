import ArgumentParser
import Foundation
import WireProtocol

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Events as they happen, until interrupted.",
        discussion: """
            Examples:
              interpretctl watch
              interpretctl watch --json | jq -r 'select(.event == "photo-failed").path'
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.withDaemon { connection in
            _ = try await connection.call(RPCMethods.watch, NoParameters())
            while true {
                guard case .notification(let notification) = try await connection.nextMessage(isPatient: true),
                    notification.method == RPCMethods.eventNotification
                else { continue }
                if common.json {
                    Terminal.write(notification.params.utf8 + Data("\n".utf8))
                } else if let event = try? notification.params.decoded(as: Event.self) {
                    Terminal.write(line(for: event))
                }
            }
        }
    }

    private func line(for event: Event) -> String {
        let style: Style? =
            switch event.event {
            case .photoDone: .green
            case .photoFailed: .red
            default: nil
            }
        let name = event.event.rawValue
        let label = event.label.map { label in event.probability.map { "\(label) \(Format.percent($0))" } ?? label }
        let boxes = event.boxes.map { Format.count($0, "box", plural: "boxes") }
        let details = [event.path, event.model, label, boxes, event.warning, event.error].compactMap { $0?.printable }
        let lost = event.dropped.map { Style.yellow("\(Format.count($0, "event")) lost before this one") + "\n" } ?? ""
        let padded = name + String(repeating: " ", count: max(0, 14 - name.count))
        return lost + ([Format.time(event.time), style?(padded) ?? padded] + details).joined(separator: "  ") + "\n"
    }
}
