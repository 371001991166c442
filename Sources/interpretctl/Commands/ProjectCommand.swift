import ArgumentParser
import Foundation
import WireProtocol

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Show what in a photo made a layer's units respond, down to the pixels.",
        discussion: """
            Examples:
              interpretctl project IMG_1.jpg --layer clip_88 --out units.jpg
              interpretctl project IMG_1.jpg --layer clip_189 --unit 17 --out unit17.jpg
              interpretctl project input.npy --layer clip_88 --unit 3 --raw unit3.npy

            A unit's strongest activation is kept, all others are set to zero, and it goes back through unpooling with the \
            switches of the forward pass, rectification and transposed filters (Zeiler and Fergus 2014). Beside each \
            reconstruction stands the patch of the photo that the activation depends on. Layers are listed by \
            'interpretctl models NAME --layers'.

            Without switches, that is where no maximum pooling lies below the layer, nothing ties such a reconstruction to \
            the photo: there --rule guided-backprop (Springenberg et al. 2015) is the default, which passes signal where the \
            photo made the rectifier active.

            Either rule fails the randomization check of Adebayo et al. 2018: do not read the pictures as reasons.
            """)

    @Argument(help: ArgumentHelp("A JPEG, or an .npy file that is normalized already.", valueName: "photo"))
    var photo: String

    @Option(help: "The layer; see 'interpretctl models NAME --layers'.")
    var layer: String

    @Option(help: "The unit (channel), from 0; the most excited ones if left out.")
    var unit: Int?

    @Option(help: "How many of the most excited units.")
    var count: Int?

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(
        help: ArgumentHelp(
            "At rectifiers, deconvnet or guided-backprop; by the layer if left out.", valueName: "name"),
        transform: choice)
    var rule: ProjectParameters.Rule?

    @Option(help: ArgumentHelp("Write patches and reconstructions to this JPEG.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Write the reconstruction [C,H,W] to this .npy file; of several units to NAME.UNIT.npy.", valueName: "file")
    )
    var raw: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let path = try Files.photoPath(photo)
        let parameters = ProjectParameters(
            source: .path(path), layer: layer, unit: unit,
            count: count, model: model, rule: rule, raw: raw.map { _ in true }, images: out.map { _ in true })
        let result = try await common.withDaemon { try await $0.ask(RPCMethods.project, parameters) }
        if out != nil || raw != nil || !common.json {
            let projection = try RPCMethods.project.output(of: result)
            let written = try write(projection)
            if !common.json { return Terminal.write(report(projection, written)) }
        }
        Terminal.write(result.utf8 + Data("\n".utf8))
    }

    private func write(_ projection: ProjectResult) throws -> [String] {
        var written: [String] = []
        if let out, let image = projection.image {
            try Files.write(image, to: out)
            written.append(out)
        }
        if let raw {
            let stem = raw.hasSuffix(".npy") ? String(raw.dropLast(4)) : raw
            for unit in projection.units {
                guard let reconstruction = unit.reconstruction else { continue }
                let file = projection.units.count > 1 ? "\(stem).\(unit.unit).npy" : raw
                try Files.write(reconstruction.npy, to: file)
                written.append(file)
            }
        }
        return written
    }

    private func report(_ projection: ProjectResult, _ written: [String]) -> String {
        var text =
            "\(Style.bold(projection.layer))   \(Format.shape(projection.shape))"
            + (projection.rule.map { "   by \($0.rawValue)" } ?? "") + "\n"
        var table = Table([.right, .right, .left, .left], indent: "  ")
        table.add("UNIT", "VALUE", "AT", "SEES OF THE PHOTO", style: .faint)
        for unit in projection.units {
            let box = unit.bbox ?? unit.inputWindow
            table.add(
                "\(unit.unit)", Format.decimal(unit.value), unit.position.map(String.init).joined(separator: ","),
                "x \(Int(box.x))  y \(Int(box.y))  width \(Int(box.width))  height \(Int(box.height))")
        }
        text += table.text
        for warning in projection.warnings { text += Style.yellow("warning: \(warning)") + "\n" }
        text += Style.yellow("note: \(projection.caveat)") + "\n"
        return text + written.map { Style.green("wrote \($0.printable)") + "\n" }.joined()
    }
}
