import ArgumentParser
import Foundation
import WireProtocol

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Put every photo of a folder into the unit index.",
        discussion: """
            Examples:
              interpretctl index /srv/archive
              interpretctl index photos --model resnet50

            The daemon notes for each unit of the network which photos excite it most; 'interpretctl units' asks for them. \
            Photos of the inbox are noted as they come. Interrupt it whenever you like: what is done is kept, and the next \
            run goes on there. Run it again after photos were added, changed, moved or deleted. The daemon must be able to \
            read the folder. Exit code 1 if a photo cannot be read.
            """)

    @Argument(help: ArgumentHelp("Folder; everything below it counts.", valueName: "folder"))
    var folder: String

    @Option(help: "The network whose units are meant; see 'interpretctl models'.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let path = Files.absolutePath(folder)
        guard !Files.isMissing(path) else { throw CommandFailure("there is no folder at \(folder)") }
        let bar = ProgressBar()
        defer { bar.clear() }
        let result = try await common.withDaemon {
            try await $0.call(
                RPCMethods.index, IndexParameters(folder: path, model: model), onProgress: bar.show)
        }
        bar.clear()
        try common.report(result, of: RPCMethods.index, show: report)
        let skipped = try RPCMethods.index.output(of: result).skipped
        if skipped > 0 {
            throw CommandFailure(
                "\(Format.count(skipped, "photo or folder", plural: "photos or folders")) cannot be read; the others are indexed"
            )
        }
    }

    private func report(_ result: IndexResult) -> String {
        let skipped = Remarks.skipped(result.failures, of: result.skipped)
        var table = Table([.left, .right])
        table.add("read", "\(result.indexed)")
        table.add("known", "\(result.known)")
        if result.copied > 0 { table.add("copied or moved", "\(result.copied)") }
        if result.removed > 0 { table.add("removed", "\(result.removed)") }
        if result.skipped > 0 { table.add("skipped", "\(result.skipped)") }
        return skipped + table.text
            + "\(Format.count(result.photos, "photo")) in the index of \(result.model.name), \(Format.bytes(result.bytes)), "
            + "\(Format.decimal(result.seconds, 1)) s\n"
    }
}
