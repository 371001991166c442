import ArgumentParser
import Foundation
import WireProtocol

struct MethodsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "methods", abstract: "The ways to explain a decision, with their cost, caveats and parameters.",
        discussion: """
            Examples:
              interpretctl methods
              interpretctl methods occlusion
              interpretctl methods --json | jq -r '.[].name'

            With a name, everything about one method and a table of its parameters, which 'interpretctl explain' takes as \
            flags.
            """)

    @Argument(help: "Only this one, with its parameters.")
    var method: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let result = try await common.withDaemon { try await $0.call(RPCMethods.methods, NoParameters()) }
        guard let method else {
            return try common.report(result, of: RPCMethods.methods) { methods in
                methods.map { card($0) }.joined(separator: "\n")
            }
        }
        let methods = try RPCMethods.methods.output(of: result)
        guard let index = methods.firstIndex(where: { $0.name == method }) else {
            throw CommandFailure(
                "there is no method '\(method)'; there are \(methods.map(\.name).joined(separator: ", "))")
        }
        if common.json {
            // All of the daemon's members, also those that this client does not know.
            let element = try result.decoded(as: [JSONValue].self)[index]
            Terminal.write("\(try JSONText(encoding: element))\n")
        } else {
            Terminal.write(card(methods[index]) + "\n" + parameters(of: methods[index]))
        }
    }

    private func card(_ method: MethodDescription) -> String {
        var table = Table(indent: "  ")
        table.add("cost", method.cost)
        table.add("needs", method.needs)
        table.add("caveat", method.caveat)
        table.add("randomization", method.randomization)
        table.add("paper", method.paper)
        return "\(Style.bold(method.name))  \(method.summary)\n\(table.text)"
    }

    private func parameters(of method: MethodDescription) -> String {
        guard !method.parameters.isEmpty else { return "  no parameters\n" }
        var table = Table(indent: "  ")
        table.add("PARAMETER", "KIND", "RANGE", "DEFAULT", "", style: .faint)
        for parameter in method.parameters {
            table.add([
                .init("--" + parameter.name, .bold),
                .init(parameter.kind.replacingOccurrences(of: "-", with: " ")), .init(range(of: parameter)),
                .init(parameter.default.map(text) ?? ""), .init(parameter.summary),
            ])
        }
        return table.text
    }

    private func range(of parameter: MethodDescription.Parameter) -> String {
        if let choices = parameter.choices { return choices.joined(separator: ", ") }
        switch (parameter.minimum, parameter.maximum) {
        case (let minimum?, let maximum?): return "\(text(.number(minimum))) to \(text(.number(maximum)))"
        case (let minimum?, nil): return "from \(text(.number(minimum)))"
        case (nil, let maximum?): return "up to \(text(.number(maximum)))"
        case (nil, nil): return ""
        }
    }

    /// As it may be typed: no digit is rounded away.
    private func text(_ value: ExplainParameters.Value) -> String {
        switch value {
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .string(let text): text
        }
    }
}
