import ArgumentParser
import Foundation
import WireProtocol

struct ConceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concept",
        abstract: "Whether a class depends on a concept that photos show, such as stripes.",
        discussion: """
            Examples:
              interpretctl concept --photos stripes --against random --class tabby --layer /features/features.18/Relu
              interpretctl concept --photos grass --against random --class dog --layer L --examples dogs --runs 30

            Testing with concept activation vectors (Kim et al. 2018): in the layer's activations a plane tells the concept's \
            photos from random ones; the score is the share of the class's photos whose class score grows across it, and \
            random photos in the concept's place say what chance gives. Folders are read by the daemon; without --examples \
            the class's photos are those of the inbox that were decided for it. 'interpretctl models --layers' lists layers.
            """)

    @Option(help: ArgumentHelp("A folder with photos of the concept.", valueName: "folder"))
    var photos: String

    @Option(help: ArgumentHelp("A folder with random photos, twice as many or more.", valueName: "folder"))
    var against: String

    @Option(name: .customLong("class"), help: ArgumentHelp("The class.", valueName: "label"))
    var classLabel: String

    @Option(help: ArgumentHelp("The layer.", valueName: "name"))
    var layer: String

    @Option(help: ArgumentHelp("A folder with photos of the class.", valueName: "folder"))
    var examples: String?

    @Option(help: ArgumentHelp("How many random splits.", valueName: "count"))
    var runs = 10

    @Option(help: ArgumentHelp("Of the splits.", valueName: "number"))
    var seed = 0

    @Option(help: "The network; see 'interpretctl models'.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (2...100).contains(runs) else { throw ValidationError("--runs takes 2 to 100") }
        guard seed >= 0 else { throw ValidationError("--seed takes 0 or more") }
    }

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        let parameters = ConceptParameters(
            photos: Files.absolutePath(photos), against: Files.absolutePath(against),
            examples: examples.map(Files.absolutePath), classLabel: classLabel, layer: layer, runs: runs, seed: seed,
            model: model)
        let result = try await common.withDaemon {
            try await $0.call(RPCMethods.concept, parameters, onProgress: bar.show)
        }
        bar.clear()
        try common.report(result, of: RPCMethods.concept, show: report)
    }

    private func report(_ result: ConceptResult) -> String {
        var table = Table([.left, .right, .right])
        table.add("DIRECTION TO", "SCORE GROWS IN", "TOLD APART", style: .faint)
        for (name, scores) in [("the concept", result.concept), ("random photos", result.random)] {
            table.add(name, Format.percent(scores.mean), Format.percent(scores.heldOutAccuracy))
        }
        var text = "\(result.classLabel) in \(result.layer): \(Format.count(result.examples, "photo")) of the class, "
        text += "\(result.concept.values.count) runs with \(result.perRun) photos each\n" + table.text
        text +=
            result.isSignificant
            ? "the difference is significant (p = \(Format.number(result.probability)), two-sided t-test): "
                + "\(result.classLabel) depends on the concept\n"
            : "the difference may be chance (p = \(Format.number(result.probability)), two-sided t-test)\n"
        if !result.isConverged { text += "not every fit ran to its optimum; take the numbers with care\n" }
        return text + Remarks.skipped(result.skipped)
    }
}
