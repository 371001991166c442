import ArgumentParser
import Foundation
import GroundTruth
import WireProtocol

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "What should be known of a network before its explanations are believed.",
        discussion: """
            Examples:
              interpretctl check petshop
              interpretctl check petshop --photos pets --count 4
              interpretctl check petshop --photos pets --method grad-cam --method lrp

            Without photos: how photos become input and who says so, where class activation maps are read, what a place of \
            them sees of the input, what the head's bias says alone, whether probabilities are calibrated. With photos, for \
            every method: time, memory, and the cascading randomization of Adebayo et al. 2018: from the classifier down the \
            layers' weights are replaced by random ones, and a method whose map stays the same does not show what the \
            network has learned. What fails here is said with each of its results from then on. It takes a minute or more.
            """)

    @Argument(help: "The network; see 'interpretctl models'.")
    var model: String

    @Option(help: ArgumentHelp("Folder of photos to try the methods on.", valueName: "folder"))
    var photos: String?

    @Option(help: "How many of them, evenly from the folder.")
    var count = 3

    @Option(name: .customLong("method"), help: "Only this method, as often as you like.")
    var methods: [String] = []

    @Option(help: "Of the random weights.")
    var seed: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...50).contains(count) else { throw ValidationError("--count takes 1 to 50") }
    }

    func run() async throws {
        var paths: [String]?
        if let photos {
            let folder = Files.absolutePath(photos)
            guard !Files.isMissing(folder) else { throw CommandFailure("there is no folder at \(photos)") }
            let found = GroundTruthForm.photos(in: folder).map { "\(folder)/\($0.file)" }
            guard !found.isEmpty else { throw CommandFailure("there are no \(PhotoKind.names) photos in \(photos)") }
            let step = max(found.count / count, 1)
            paths = stride(from: 0, to: found.count, by: step).prefix(count).map { found[$0] }
        }
        let parameters = CheckParameters(
            model: model, photos: paths, methods: methods.isEmpty ? nil : methods, seed: seed)
        let bar = ProgressBar()
        defer { bar.clear() }
        let answer = try await common.withDaemon {
            try await $0.call(RPCMethods.check, parameters, onProgress: bar.show)
        }
        bar.clear()
        try common.report(answer, of: RPCMethods.check, show: report)
    }

    private func report(_ result: CheckResult) -> String {
        var text = result.facts.map { "• \($0)\n" }.joined() + "\n"
        var table = Table([.left, .left, .right, .right])
        table.add(
            [.init("METHOD", .faint), .init("RANDOMIZATION", .faint), .init("TIME", .faint), .init("MEMORY", .faint)]
                + result.randomized.map { .init("\($0)", .faint) })
        for method in result.methods where method.obstacle == nil {
            let style: Style? = method.verdict == "FAILS" ? .red : method.verdict == "passes" ? .green : nil
            table.add(
                [
                    .init(method.name), .init(method.verdict ?? "not tried", style),
                    .init(method.milliseconds.map { "\(Format.decimal($0, 1)) ms" } ?? "-"),
                    .init(method.passBytes.map(Format.bytes) ?? "-"),
                ] + (method.correlations ?? []).map { .init(Format.decimal($0)) })
        }
        text += table.text
        if result.photos > 0 {
            text +=
                "the numbers: rank correlation with the trained network's map where so many of the \(result.layers.count) layers "
                + "with weights are random, from the classifier down, on \(Format.count(result.photos, "photo"))\n"
        }
        for method in result.methods {
            if let obstacle = method.obstacle { text += "\(method.name) cannot be used: \(obstacle)\n" }
        }
        return text
    }
}
