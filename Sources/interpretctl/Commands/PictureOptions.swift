import ArgumentParser
import Foundation
import WireProtocol

/// How pictures look, and what of them is shown on the terminal.
struct PictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How to show the overlay here; if left out, the best that the terminal has, and none where there is none.",
            valueName: TerminalPicture.allCases.map(\.rawValue).joined(separator: "|")),
        transform: choice)
    var picture: TerminalPicture?

    @Flag(help: "Show no overlay here.")
    var noPicture = false

    @Option(
        help: ArgumentHelp(
            "Colours of the evidence: viridis, inferno, magma, plasma, cividis or turbo; inferno if left out.",
            valueName: "name"))
    var colourMap: String?

    @Option(
        help: ArgumentHelp(
            "How much of the photo the strongest evidence covers, 0 to 1; 0.7 if left out.", valueName: "share"))
    var opacity: Double?

    @Option(
        help: ArgumentHelp(
            "Write the pictures as one of these; jpeg if left out.",
            valueName: PictureFormat.allCases.map(\.rawValue).joined(separator: "|")),
        transform: choice)
    var format: PictureFormat?

    func validate() throws {
        guard !(noPicture && picture != nil) else { throw ValidationError("give --picture or --no-picture, not both") }
        if let opacity, !(0...1).contains(opacity) { throw ValidationError("--opacity takes 0 to 1") }
    }

    func apply(to parameters: inout ExplainParameters) {
        parameters.colourMap = colourMap
        parameters.opacity = opacity
        parameters.format = format
    }

    /// What was asked for, or what the terminal has.
    var shown: TerminalPicture {
        if noPicture { return .none }
        return picture
            ?? TerminalPicture.best(
                isTerminal: isatty(STDOUT_FILENO) == 1, environment: ProcessInfo.processInfo.environment
            ) { TerminalAnswer.ask(isMultiplexed: $0) }
    }
}

/// One of the words of `Choice`.
func choice<Choice: RawRepresentable & CaseIterable>(_ text: String) throws -> Choice
where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
        throw ValidationError("'\(text)' should be \(Choice.allCases.map(\.rawValue).joined(separator: " or "))")
    }
    return choice
}
