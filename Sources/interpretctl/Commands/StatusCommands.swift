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
            if let page = status.page { add("page", page) }
            add(
                "models",
                status.models.isEmpty
                    ? "none"
                    : status.models.map { StatusCommand.text(of: $0, in: status) }.joined(separator: ", ")
            )
            let photos = status.photos
            let wait = status.longestWaitSeconds.map { " (one for \(Format.duration(seconds: $0)))" } ?? ""
            add(
                "photos",
                "\(photos.pending) pending\(wait), \(photos.working) working, \(photos.done) done, \(photos.failed) failed",
                photos.failed > 0 ? .yellow : nil)
            if let failures = status.failures, !failures.isEmpty {
                let counts = failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
                add("failed", StatusCommand.shortened(counts), .yellow)
            }
            for (kind, count) in (status.unread ?? [:]).sorted(by: { $0.key < $1.key }) {
                add("not read", count == 1 ? "1 \(kind) file" : "\(count) \(kind) files", .yellow)
            }
            if let older = status.judgedByOlderModel {
                add(
                    "judged before",
                    "\(Format.count(older, "photo")), by another network or with other settings; "
                        + "'interpretctl redo --model' does them again", .yellow)
            }
            if let pace = status.photosPerMinute { add("pace", "\(Format.decimal(pace, 1)) photos a minute") }
            if let lost = status.eventsLost {
                add("events lost", "\(Format.count(lost, "time")); all of the inbox was looked at each time", .yellow)
            }
            if let use = status.use {
                add("memory", "\(Format.bytes(use.resident)); set aside to compute in \(StatusCommand.text(use.plans))")
                let amounts = [("requests", use.requests), ("passed files", use.passed)].compactMap { name, share in
                    share.map { "\(name) of \(StatusCommand.text($0))" }
                }
                add("clients", (["\(use.connections) connected"] + amounts).joined(separator: ", "))
            }
            for notice in status.notices ?? [] { add("notice", notice, .yellow) }
            for path in status.current { add("now", path) }
            if let error = status.lastError { add("last error", error, .red) }
            return table.text
        }
    }

    /// A network's name, and what it is for.
    private static func text(of model: String, in status: StatusResult) -> String {
        let uses = [
            (status.inboxModel, "the inbox's"), (status.animalModel, "finds the animal"),
            (status.opinionModel, "second opinion"),
        ]
        let own = uses.filter { $0.0 == model }.map(\.1)
        return own.isEmpty ? model : "\(model) (\(own.joined(separator: ", ")))"
    }

    private static func text(_ share: StatusResult.Use.Share) -> String {
        "\(Format.bytes(share.bytes)) (\(Format.bytes(share.limit)) at most)"
    }

    /// So many as have a place in a line; how many are left out is said.
    private static func shortened(_ words: [String]) -> String {
        let most = 5
        let rest = words.count > most ? ", \(words.count - most) other codes" : ""
        return words.prefix(most).joined(separator: ", ") + rest
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
