import ArgumentParser
import Foundation
import WireProtocol

struct CorrectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "correct",
        abstract: "Say whether label and box of a photo are right; kept, and never in the photo.",
        discussion: """
            Examples:
              interpretctl correct IMG_1.jpg --yes
              interpretctl correct IMG_1.jpg --label dog
              interpretctl correct IMG_1.jpg --box 86,40,210,190
              interpretctl correct IMG_1.jpg --withdraw

            A box replaces all that the network gave the photo, and should lie elsewhere than its only one.
            """)

    @Argument(help: "A photo of the inbox that is done.")
    var photo: String

    @Flag(help: "Label and box are right.")
    var yes = false

    @Option(help: "What the photo shows.")
    var label: String?

    @Option(help: ArgumentHelp("Where, in pixels of the upright photo.", valueName: "x,y,width,height"))
    var box: String?

    @Flag(help: "Take back what was said before.")
    var withdraw = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard [yes, label != nil || box != nil, withdraw].count(where: { $0 }) == 1 else {
            throw ValidationError("give --yes, --label or --box, or --withdraw")
        }
        if box != nil, bbox == nil { throw ValidationError("--box takes x,y,width,height in pixels of the photo") }
    }

    private var bbox: BoundingBox? {
        let numbers = (box ?? "").split(separator: ",").compactMap { Double($0) }.filter(\.isFinite)
        guard numbers.count == 4 else { return nil }
        return BoundingBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
    }

    private var answer: CorrectParameters.Answer {
        if yes { return .yes }
        if withdraw { return .withdraw }
        return label == nil ? .wrongBox : .no
    }

    func run() async throws {
        let parameters = CorrectParameters(
            photo: Files.absolutePath(photo), answer: answer, label: label, bbox: bbox)
        try await common.ask(RPCMethods.correct, parameters) { result in
            guard let correction = result.correction else {
                return result.wasKept == false ? "nothing was said of this photo before\n" : "taken back\n"
            }
            let boxes = (correction.bbox == nil ? 0 : 1) + (correction.furtherBoxes?.count ?? 0)
            let words = ["", " with its box"]
            return "kept: \(correction.label)\(boxes < 2 ? words[boxes] : " with its \(boxes) boxes")\n"
        }
    }
}

struct CorrectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corrections", abstract: "What people have said of photos, for training and for evaluate.",
        discussion: """
            Examples:
              interpretctl corrections
              interpretctl corrections --format truth > truth.json
              interpretctl corrections --format coco > instances.json

            The formats: truth (what 'interpretctl evaluate' reads), csv, coco.
            """)

    @Option(
        help: ArgumentHelp("Write a file of labelled photos: truth, csv or coco.", valueName: "format"),
        transform: { text in
            guard let format = CorrectionsParameters.Format(rawValue: text) else {
                throw ValidationError("'\(text)' is no format: truth, csv or coco")
            }
            return format
        })
    var format: CorrectionsParameters.Format?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.ask(RPCMethods.corrections, CorrectionsParameters(format: format)) { result in
            if let file = result.file { return file }
            guard !result.corrections.isEmpty else { return "nobody has answered yet\n" }
            var table = Table()
            table.add("ANSWERED", "ANSWER", "LABEL", "BEFORE", "PHOTO", style: .faint)
            for correction in result.corrections {
                table.add([
                    .init(Format.time(correction.time)), .init(correction.answer), .init(correction.label),
                    .init(correction.predicted ?? ""), .init(correction.photo),
                ])
            }
            return table.text
        }
    }
}
