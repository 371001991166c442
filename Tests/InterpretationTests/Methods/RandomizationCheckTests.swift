import Foundation
import Interpretation
import Testing

@Suite("What the methods say of the randomization check") struct RandomizationCheckTests {
    /// Rows of the first table of the document: of each method the correlations, from the classifier down.
    static func measured() throws -> [String: [Double]] {
        let text = try String(
            contentsOf: Fixtures.package.appending(path: "Documentation/RandomizationCheck.md"), encoding: .utf8)
        var rows: [String: [Double]] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let name = String(cells[0].dropFirst().dropLast())
            if rows[name] == nil { rows[name] = cells.dropFirst().compactMap { Double($0) } }
        }
        return rows
    }

    @Test("every method's figure is that of the table", arguments: Methods.all.map(\.card.name))
    func figures(name: String) throws {
        let card = try Methods.named(name).card
        guard card.randomization.verdict != .unmeasured else {
            #expect(card.randomization.correlation == nil)
            #expect(try Self.measured()[name] == nil)
            return
        }
        let cascade = try #require(try Self.measured()[name])
        #expect(cascade.count == 9)
        #expect(card.randomization.correlation == cascade[cascade.count / 2])
    }

    @Test(
        "a verdict without a paper is what was measured, by the bounds of the script",
        arguments: Methods.all.map(\.card.name))
    func verdicts(name: String) throws {
        let check = try Methods.named(name).card.randomization
        guard check.paper == nil, let correlation = check.correlation else { return }
        let expected: RandomizationCheck.Verdict =
            correlation >= 0.5 ? .fails : correlation >= 0.35 ? .partly : .passes
        #expect(check.verdict == expected)
        #expect(check.sentence.contains("no paper known to us"))
    }

    @Test("the rules of the deconvnet and of guided backpropagation fail and say so")
    func failures() throws {
        for name in ["deconvnet", "guided-backprop", "guided-grad-cam"] {
            #expect(try Methods.named(name).card.randomization.sentence.hasPrefix("FAILS: "))
        }
        for rule in UnitProjection.Rule.allCases {
            #expect(rule.caveat.contains("FAILS the randomization check of Adebayo et al. 2018"))
        }
    }
}
