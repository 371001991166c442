import ArgumentParser
import Foundation
import WireProtocol

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the daemon is doing.",
        discussion: """
            Examples:
              interpretctl status
              interpretctl status --json | jq .photos.failed
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.status, NoParameters()) { status in
            var table = Table()
            func add(_ name: String, _ value: String, _ style: Style? = nil) {
                table.add([.init(name, .faint), .init(value, style)])
            }
            add("daemon", "interpretd \(status.version), process \(status.pid)")
            add("up", Format.duration(seconds: status.uptimeSeconds))
            add("inbox", status.inbox)
            add("socket", status.socket)
            add(
                "models",
                status.models.isEmpty
                    ? "none"
                    : status.models.map { $0 == status.inboxModel ? "\($0) (the inbox's)" : $0 }.joined(separator: ", ")
            )
            let photos = status.photos
            add(
                "photos",
                "\(photos.pending) pending, \(photos.working) working, \(photos.done) done, \(photos.failed) failed",
                photos.failed > 0 ? .yellow : nil)
            for (kind, count) in (status.unread ?? [:]).sorted(by: { $0.key < $1.key }) {
                add("not read", count == 1 ? "1 \(kind) file" : "\(count) \(kind) files", .yellow)
            }
            if let older = status.judgedByOlderModel {
                add(
                    "older model",
                    "judged \(Format.count(older, "photo")); 'interpretctl redo --model' does them again", .yellow)
            }
            if let pace = status.photosPerMinute { add("pace", "\(Format.decimal(pace, 1)) photos a minute") }
            for notice in status.notices ?? [] { add("notice", notice, .yellow) }
            for path in status.current { add("now", path) }
            if let error = status.lastError { add("last error", error, .red) }
            return table.text
        }
    }
}

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Counters and latency quantiles.",
        discussion: """
            Examples:
              interpretctl metrics
              interpretctl metrics --json
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.metrics, NoParameters()) { metrics in
            var table = Table([.left, .right])
            for (name, value) in metrics.sorted(by: { $0.key < $1.key }) { table.add(name, Format.number(value)) }
            return table.text
        }
    }
}

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Versions of client and daemon, and what the daemon offers.",
        discussion: """
            Examples:
              interpretctl version
              interpretctl --version        the client's alone, without a daemon
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.version, NoParameters()) { version in
            var table = Table()
            table.add("interpretctl", "\(WireVersion.software), protocol \(WireVersion.protocol)")
            table.add("interpretd", "\(version.version), protocol \(version.protocol)")
            table.add("offers", version.capabilities.joined(separator: ", "))
            return table.text
        }
    }
}
