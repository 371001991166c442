import ArgumentParser
import WireProtocol

struct SidecarsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecars", abstract: "The files that the daemon writes beside a photo, and when.",
        discussion: """
            Examples:
              interpretctl sidecars
              interpretctl sidecars --json | jq -r '.[].suffix'

            Needs no daemon.
            """)

    /// A row of `--json`.
    private struct Row: Encodable {
        let name: String
        let suffix: String
        let isPicture: Bool
        let contents: String
        let occasion: String

        init(_ kind: SidecarKind) {
            name = kind.rawValue
            suffix = kind.suffix
            isPicture = kind.isPicture
            contents = kind.contents
            occasion = kind.occasion
        }
    }

    @Flag(help: "Print the table as JSON.")
    var json = false

    @Flag(help: "Print suffix, contents and occasion with tabs between them and no heading, for scripts.")
    var tabs = false

    func validate() throws {
        if json, tabs { throw ValidationError("--json and --tabs exclude each other") }
    }

    func run() async throws {
        if json {
            let rows = SidecarKind.allCases.map(Row.init)
            return Terminal.write(String(decoding: try JSONText(encoding: rows).utf8, as: UTF8.self) + "\n")
        }
        if tabs {
            return Terminal.write(
                SidecarKind.allCases.map { "\($0.suffix)\t\($0.contents)\t\($0.occasion)\n" }.joined())
        }
        var table = Table()
        table.add("FILE", "CONTENTS", "WHEN", style: .faint)
        for kind in SidecarKind.allCases {
            table.add([
                .init(kind.name(beside: "IMG_1.jpg"), .bold), .init(kind.contents), .init(kind.occasion),
            ])
        }
        Terminal.write(table.text)
    }
}
