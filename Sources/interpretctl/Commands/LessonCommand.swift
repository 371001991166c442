import ArgumentParser
import Deconvolution
import Foundation
import WireProtocol

struct LessonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lesson", abstract: "What stands behind a method, worked out with small numbers.",
        discussion: """
            Examples:
              interpretctl lesson deconvolution
              interpretctl lesson deconvolution --filter=-1,0,0,0,1 --stride 3 --padding 0
              interpretctl lesson deconvolution --json

            Needs no daemon.
            """)

    enum Subject: String, CaseIterable, ExpressibleByArgument {
        case deconvolution
    }

    @Argument(help: "The subject: deconvolution.")
    var subject: Subject

    @Option(help: ArgumentHelp("The filter's values.", valueName: "a,b,c"))
    var filter = "1,2,3,4"

    @Option(help: "How many values are convolved, before padding.")
    var length = 8

    @Option(help: "How far the filter moves from one window to the next.")
    var stride = 2

    @Option(help: "Zeros added on either side.")
    var padding = 2

    @Flag(help: "Print the numbers as JSON.")
    var json = false

    func run() async throws {
        let values = filter.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard !values.isEmpty, !values.contains(nil) else {
            throw ValidationError("--filter takes numbers such as 1,2,3,4, got '\(filter)'")
        }
        let lesson: DeconvolutionLesson
        do {
            lesson = try DeconvolutionLesson(
                filter: values.compactMap { $0 }, length: length, stride: stride, padding: padding)
        } catch {
            throw CommandFailure("\(error)")
        }
        Terminal.write(
            json ? String(decoding: try JSONText(encoding: lesson).utf8, as: UTF8.self) + "\n" : lesson.text)
    }
}
