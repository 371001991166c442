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
            if let pace = status.photosPerMinute { add("pace", "\(Format.decimal(pace, 1)) photos a minute") }
            for notice in status.notices ?? [] { add("notice", notice, .yellow) }
            for path in status.current { add("now", path) }
            if let error = status.lastError { add("last error", error, .red) }
            return table.text
        }
    }
}

struct PhotosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "photos", abstract: "The photos of the inbox, the latest first.",
        discussion: """
            Examples:
              interpretctl photos
              interpretctl photos --state failed --limit 20
            """)

    @Option(
        help: "Only photos in this state: pending, working, done or failed.",
        transform: { text in
            guard let state = PhotoState(rawValue: text) else {
                throw ValidationError("'\(text)' is no state: pending, working, done or failed")
            }
            return state
        })
    var state: PhotoState?

    @Option(help: "At most so many.")
    var limit: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1") }
    }

    func run() async throws {
        try await common.ask(RPCMethods.photos, PhotosParameters(state: state, limit: limit)) { photos in
            guard !photos.isEmpty else { return "no photos\n" }
            var table = Table([.left, .left, .left, .left, .right])
            table.add("UPDATED", "STATE", "PHOTO", "CLASS", "", "", style: .faint)
            for photo in photos {
                table.add([
                    .init(Format.time(photo.updated)), .init(photo.state.rawValue, photo.state.style),
                    .init(photo.path), .init(photo.label ?? ""),
                    .init(photo.probability.map(Format.percent) ?? ""),
                    photo.remark,
                ])
            }
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

extension PhotoState {
    fileprivate var style: Style? {
        switch self {
        case .pending: nil
        case .working: .bold
        case .done: .green
        case .failed: .red
        }
    }
}

extension PhotoRecord {
    fileprivate var remark: Table.Cell {
        if let error { return .init(error, .red) }
        if let warning { return .init(warning, .yellow) }
        return .init(boxes.map { Format.count($0, "box", plural: "boxes") } ?? "")
    }
}
