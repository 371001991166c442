import ArgumentParser
import Glibc
import WireProtocol

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "The networks in memory.",
        discussion: """
            Examples:
              interpretctl models
              interpretctl models petshop --layers
              interpretctl models reload
            """,
        subcommands: [ModelsListCommand.self, ModelsReloadCommand.self], defaultSubcommand: ModelsListCommand.self)
}

struct ModelsReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Read the folder of models and the configuration again, without a restart.",
        discussion: """
            What is new or has changed is loaded beside what is in use and tried on a photo; then the networks are exchanged \
            between two photos. Where a new network is bad the old one of its name stays.

            Exit code 1 where a folder could not be used; the others are in use all the same.
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let answer = try await common.withDaemon { try await $0.call(RPCMethods.reload, NoParameters()) }
        try common.report(answer, of: RPCMethods.reload) { result in
            func line(_ name: String, _ models: [String]) -> String {
                models.isEmpty ? "" : "\(name): \(models.joined(separator: ", "))\n"
            }
            let inUse = result.models.map { $0 == result.inboxModel ? "\($0) (the inbox's)" : $0 }
            return line("loaded", result.loaded) + line("removed", result.removed) + line("in use", inUse)
                + result.notices.map { "notice: \($0)\n" }.joined()
        }
        if try RPCMethods.reload.output(of: answer).refused?.isEmpty == false { Glibc.exit(ExitStatus.failed.rawValue) }
    }
}

struct ModelsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The networks in memory.",
        discussion: """
            Examples:
              interpretctl models
              interpretctl models petshop --layers
            """)

    @Argument(help: "Only this one, with everything about it.")
    var model: String?

    @Flag(help: "List the layers too.")
    var layers = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.models, ModelsParameters(model: model, layers: layers ? true : nil)) { result in
            let isOverview = model == nil && !layers
            let known = isOverview ? overview(result.models) : result.models.map(details).joined(separator: "\n")
            let refused = result.refused.map { "refused: \($0.path.printable): \($0.error.printable)\n" }.joined()
            // What was refused is said already.
            let names = Set(result.refused.map(\.name))
            let notices = (result.notices ?? []).filter { notice in
                !names.contains { notice.hasPrefix("model '\($0)' was refused") }
            }
            return known + refused + notices.map { "notice: \($0)\n" }.joined()
        }
    }

    private func overview(_ models: [ModelDescription]) -> String {
        guard !models.isEmpty else { return "no network is loaded\n" }
        var table = Table([.left, .left, .left, .right, .right])
        table.add("MODEL", "GIVES", "INPUT", "WEIGHTS", "CLASSES", "METHODS", style: .faint)
        for model in models {
            table.add([
                .init(model.name + (model.isDefault ? " *" : ""), .bold), .init(gives(model)),
                .init(Format.shape(model.input.shape)),
                .init("\(model.parameters)"), .init("\(model.labels.count)"),
                .init(model.methods.joined(separator: ", ")),
            ])
        }
        return table.text + (models.contains(where: \.isDefault) ? "* the default\n" : "")
    }

    /// What its outputs are, in a word or two.
    private func gives(_ model: ModelDescription) -> String {
        if model.animalLabels != nil { return "where the animal is" }
        if model.doubtBelow != nil { return "second opinions" }
        guard let scores = model.scores else { return model.task ?? "" }
        return "\(scores.kind) scores" + (scores.isAssumed ? " (assumed)" : "")
    }

    private func details(_ model: ModelDescription) -> String {
        var table = Table()
        func add(_ name: String, _ value: String) { table.add([.init(name, .faint), .init(value)]) }
        add("model", model.name + (model.isDefault ? " (the default)" : ""))
        add("path", model.path)
        add("sha256", model.sha256)
        add("classes", model.labels.joined(separator: ", "))
        if !model.backgroundLabels.isEmpty { add("background", model.backgroundLabels.joined(separator: ", ")) }
        if let labels = model.animalLabels { add("verdict", "finds the animal: \(labels.joined(separator: ", "))") }
        if let threshold = model.doubtBelow {
            add("verdict", "second opinion on the animal's name: doubts one below \(Format.number(threshold * 100)) %")
        }
        add("input", "\(model.input.name) \(Format.shape(model.input.shape))")
        for output in model.outputs ?? [] {
            add("output", "\(output.name) " + (output.shape.map { Format.shape($0.map { $0 }) } ?? ""))
        }
        if let scores = model.scores {
            add("scores", "\(scores.kind): \(scores.reason)" + (scores.isAssumed ? " (assumed)" : ""))
            if let thresholds = scores.thresholds {
                let all = Set(thresholds)
                add(
                    "threshold",
                    all.count == 1
                        ? Format.percent(thresholds[0])
                        : zip(model.labels, thresholds).map { "\($0) \(Format.percent($1))" }.joined(separator: ", "))
            }
        } else if let task = model.task {
            add("task", task)
        }
        for remark in model.remarks ?? [] { add("note", remark) }
        for fact in model.facts ?? [] { add("fact", fact) }
        add("weights", "\(model.parameters)")
        if let planBytes = model.planBytes {
            let gradient = planBytes.gradient.map { ", \(Format.bytes($0)) with gradient" } ?? ""
            add("memory", "\(Format.bytes(planBytes.forward)) a pass\(gradient)")
        }
        add("CAM layer", model.camLayer ?? "none: the head is not global average pooling and one linear layer")
        add("methods", model.methods.joined(separator: ", "))
        guard let layers = model.layers else { return table.text }

        var list = Table([.left, .left, .left, .right], indent: "  ")
        list.add("LAYER", "OPERATOR", "SHAPE", "SEES", "", style: .faint)
        for layer in layers {
            list.add(
                layer.name, layer.operator, Format.shape(layer.shape),
                layer.receptiveField.map { "\($0)×\($0)" } ?? "all", layer.isCAMLayer ? "CAM" : "")
        }
        return table.text + "\n" + list.text
    }
}
