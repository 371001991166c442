import ArgumentParser
import Foundation
import WireProtocol

struct PhotosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "photos", abstract: "The photos of the inbox, the latest first.",
        discussion: """
            Examples:
              interpretctl photos
              interpretctl photos --doubtful                       what a person should look at, least certain first
              interpretctl photos --state failed --limit 20
              interpretctl photos --label dog --verdict looks-elsewhere --since 7d

            A photo is doubtful where the network does not look at the animal, or only partly, where that could not be
            found out, where its two best classes are closer than 0.2, where the picture is damaged, and where a part of the
            photo decided that was looked at again.
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

    @OptionGroup var filter: PhotoFilterOptions

    @Option(help: ArgumentHelp("Only photos whose class has at least this probability, 0…1.", valueName: "p"))
    var minProbability: Double?

    @Option(help: ArgumentHelp("Only photos whose class has at most this probability, 0…1.", valueName: "p"))
    var maxProbability: Double?

    @Flag(help: "Only photos that a person should look at, the least certain first.")
    var doubtful = false

    @Option(help: "Pass over so many.")
    var offset: Int?

    @Option(help: "At most so many. [default: 100]")
    var limit: Int?

    @Flag(
        name: [.customShort("0"), .customLong("print0")],
        help: "Print the paths alone and as they are, each ended by a NUL, for xargs -0.")
    var printsPaths = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1") }
        if let offset, offset < 0 { throw ValidationError("--offset takes a number from 0") }
        for (name, value) in [("--min-probability", minProbability), ("--max-probability", maxProbability)] {
            if let value, !(0...1).contains(value) { throw ValidationError("\(name) takes a number from 0 to 1") }
        }
    }

    func run() async throws {
        let parameters = PhotosParameters(
            state: state, label: filter.label, verdict: filter.verdict?.rawValue, minProbability: minProbability,
            maxProbability: maxProbability, since: filter.range.since, until: filter.range.until,
            doubtful: doubtful ? true : nil,
            order: doubtful ? .leastCertain : nil, offset: offset, limit: limit)
        try await common.ask(RPCMethods.photos, parameters) { photos in
            if printsPaths { return photos.map { $0.path + "\0" }.joined() }
            guard !photos.isEmpty else { return "no photos\n" }
            var table = Table([.left, .left, .left, .left, .right])
            table.add("UPDATED", "STATE", "PHOTO", "CLASS", "", "VERDICT", "", style: .faint)
            for photo in photos {
                table.add([
                    .init(Format.time(photo.updated)), .init(photo.state.rawValue, photo.state.style),
                    .init(photo.path), .init(photo.labels.joined(separator: " + ")),
                    .init(photo.probability.map(Format.percent) ?? ""),
                    .init(photo.verdict ?? "", photo.doubtful == true ? .yellow : nil), photo.remark,
                ])
            }
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
    fileprivate var labels: [String] { [label].compactMap { $0 } + (furtherLabels ?? []) }

    fileprivate var remark: Table.Cell {
        if let error { return .init(error, .red) }
        if let warning { return .init(warning, .yellow) }
        return .init(boxes.map { Format.count($0, "box", plural: "boxes") } ?? "")
    }
}
