import ArgumentParser
import WireProtocol

struct RedoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redo", abstract: "Have photos of the inbox done again.",
        discussion: """
            Examples:
              interpretctl redo IMG_1.jpg IMG_2.jpg
              interpretctl redo --failed
              interpretctl redo --model         after another network was taken in, or its settings changed

            What lies beside a photo stays until it is done again.
            """)

    @Argument(help: "Photos of the inbox.")
    var photos: [String] = []

    @Flag(help: "All photos that failed.")
    var failed = false

    @Flag(help: "All photos that another network, or the present one with other settings, judged.")
    var model = false

    @Flag(help: "All photos of the inbox.")
    var all = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard [!photos.isEmpty, failed, model, all].count(where: { $0 }) == 1 else {
            throw ValidationError("name photos, or give --failed, --model or --all")
        }
    }

    func run() async throws {
        let parameters =
            photos.isEmpty
            ? RedoParameters(which: failed ? .failed : model ? .olderModel : .all)
            : RedoParameters(photos: photos.map(Files.absolutePath))
        try await common.ask(RPCMethods.redo, parameters) { result in
            "\(Format.count(result.queued, "photo")) queued\n"
                + result.inHand.map { "\($0.printable) is being done at this moment\n" }.joined()
        }
    }
}
