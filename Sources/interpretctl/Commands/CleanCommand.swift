import ArgumentParser
import WireProtocol

struct CleanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean", abstract: "Remove what the daemon has left in the inbox and nobody needs.",
        discussion: """
            Examples:
              interpretctl clean

            That is: files beside photos that are gone, where they were to be kept (keepSidecars) or nobody saw the photo
            go, and unfinished files of daemons that were killed. What the daemon did not write stays.
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.clean, NoParameters()) { result in
            "\(Format.count(result.sidecars, "file")) of photos that are gone and "
                + "\(Format.count(result.temporary, "unfinished file")) removed\n"
        }
    }
}
