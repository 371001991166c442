import ArgumentParser
import Foundation
import WireProtocol

/// From when to when, for commands about photos.
struct TimeRange: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only photos that something happened to since then: \(PointInTime.examples).", valueName: "time"),
        transform: TimeRange.time)
    var since: Date?

    @Option(
        help: ArgumentHelp("Only photos that nothing has happened to since then.", valueName: "time"),
        transform: TimeRange.time)
    var until: Date?

    func validate() throws {
        if let since, let until, since > until { throw ValidationError("--since should not be later than --until") }
    }

    @Sendable static func time(_ text: String) throws -> Date {
        guard let time = PointInTime.named(text) else {
            throw ValidationError("'\(text)' is no time: write \(PointInTime.examples)")
        }
        return time
    }
}
