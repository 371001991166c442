import ArgumentParser
import Foundation
import WireProtocol

struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment", abstract: "Cut the object of a class out of a photo.",
        discussion: """
            Examples:
              interpretctl segment IMG_1.jpg --out results
              interpretctl segment IMG_1.jpg --class dog --json
              interpretctl segment IMG_1.jpg --method gradient

            The pixels that speak most and least for the class teach a graph cut the colours of object and background \
            (Simonyan et al. 2013, section 3.2, who take the gradient for it). --out writes NAME.mask.jpg and \
            NAME.overlay.jpg; --json has the mask as COCO's run lengths.
            """)

    @Argument(help: ArgumentHelp("A JPEG.", valueName: "photo"))
    var photo: String

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp(
            "The object's class, by label or index; the most probable one if left out.", valueName: "label"))
    var classLabel: String?

    @Option(
        help: ArgumentHelp(
            "Whose map says where the object is; the network's heat map if left out. See 'interpretctl methods'.",
            valueName: "name"))
    var method: String?

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(help: ArgumentHelp("Write the pictures into this folder.", valueName: "folder"))
    var out: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        if let out { try Files.makeFolder(out) }
        let parameters = SegmentParameters(
            source: .path(try Files.photoPath(photo)), classLabel: classLabel, method: method, model: model,
            images: out.map { _ in true })
        let bar = ProgressBar()
        defer { bar.clear() }
        let result = try await common.withDaemon {
            try await $0.ask(RPCMethods.segment, parameters, onProgress: bar.show)
        }
        bar.clear()
        if out != nil || !common.json {
            let segment = try RPCMethods.segment.output(of: result)
            var written: [String] = []
            if let out, let images = segment.images {
                for (kind, data) in [(SidecarKind.mask, images.mask), (.overlay, images.overlay)] {
                    let file = out + "/" + kind.name(beside: Files.name(of: photo))
                    try Files.write(data, to: file)
                    written.append(file)
                }
            }
            if !common.json { return Terminal.write(report(segment, written)) }
        }
        Terminal.write(result.utf8 + Data("\n".utf8))
    }

    private func report(_ segment: SegmentResult, _ written: [String]) -> String {
        var table = Table()
        func add(_ name: String, _ value: String) { table.add([.init(name, .faint), .init(value)]) }
        add("photo", "\(photo)   \(segment.photo.width) × \(segment.photo.height)")
        add("class", segment.classLabel)
        if let method = segment.method { add("method", method) }
        add(
            "mask",
            segment.area > 0
                ? Format.percent(segment.area) + " of the photo"
                : "empty: this map sets nothing apart from its surroundings; try another --method, or another --class")
        if let box = segment.bbox {
            add("box", "x \(Int(box.x))  y \(Int(box.y))  width \(Int(box.width))  height \(Int(box.height))")
        }
        if let damage = segment.photo.damage { table.add([.init("warning", .faint), .init(damage.sentence, .yellow)]) }
        for file in written { add("wrote", file) }
        return table.text
    }
}
