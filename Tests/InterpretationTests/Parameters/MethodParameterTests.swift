import Foundation
import Interpretation
import Tensors
import Testing

@Suite("Method parameters") struct MethodParameterTests {
    /// One parameter of one method.
    struct Case: Sendable, CustomTestStringConvertible {
        let method: String
        let parameter: any MethodParameter

        var testDescription: String { "\(method) --\(parameter.name)" }

        /// What has to be said beside it for it to count, and to keep the work small.
        var beside: [String: ParameterValue] {
            switch (method, parameter.name) {
            case ("occlusion", "window"), ("occlusion", "stride"): ["window": .number(40)]
            case ("occlusion", "tolerance"), ("occlusion", "field-cap"), ("occlusion", "seed"):
                ["precision": .text("adaptive")]
            case (_, "samples"), (_, "steps"): [:]
            default: BehaviourTests.quick(method)
            }
        }

        func explanation(_ value: ParameterValue?) async throws -> Explanation {
            try await explanation(value, by: try Fixtures.petshop())
        }

        func explanation(
            _ value: ParameterValue?, by petshop: (network: Network, input: Tensor)
        ) async throws -> Explanation {
            let (network, input) = petshop
            var parameters = beside
            if let value { parameters[parameter.name] = value }
            return try await network.explain(method, input, parameters)
        }

        /// What the method says to a value that it should not take; nil where it takes it.
        func refusal(of value: ParameterValue) async throws -> String? {
            do {
                _ = try await explanation(value)
                return nil
            } catch let error as InterpretationError {
                return "\(error)"
            }
        }
    }

    static let cases = Methods.all.map(\.card).flatMap { card in
        card.parameters.map { Case(method: card.name, parameter: $0) }
    }

    @Test("a card lists a name once, and a default that the parameter takes") func cards() {
        for card in Methods.all.map(\.card) {
            #expect(Set(card.parameters.map(\.name)).count == card.parameters.count)
            for parameter in card.parameters {
                #expect(!parameter.summary.isEmpty)
                switch (parameter.kind, parameter.usual) {
                case (.wholeNumber(let minimum, let maximum), .value(.number(let number))):
                    #expect(number >= Double(minimum) && number <= Double(maximum ?? .max))
                    #expect(number == number.rounded())
                case (.number(let range), .value(.number(let number))): #expect(range.contains(number))
                case (.choice(let words), .value(.text(let word))): #expect(words.contains(word) && words.count > 1)
                case (.fill, .value(.text)): break
                case (.wholeNumber, .rule(let phrase)), (.number, .rule(let phrase)), (.layer, .rule(let phrase)):
                    #expect(!phrase.isEmpty)
                default: Issue.record("\(card.name) \(parameter.name): \(parameter.usual) is no default of its kind")
                }
            }
        }
    }

    /// A method that did not read a parameter would not refuse what is beyond its range.
    @Test("a number out of range is refused with the range that the card names", arguments: cases)
    func outOfRange(_ item: Case) async throws {
        let name = item.parameter.name
        switch item.parameter.kind {
        case .wholeNumber(let minimum, let maximum):
            // The photo is 96 by 80.
            let expected = "\(name) should be a whole number from \(minimum) to \(maximum ?? 96), got "
            for wrong in [Double(minimum) - 1, Double(maximum ?? 96) * 2 + 1, Double(minimum) + 0.5] {
                #expect(try await item.refusal(of: .number(wrong))?.hasPrefix(expected) == true, "\(wrong)")
            }
            #expect(try await item.refusal(of: .text("many")) == expected + "'many'")
        case .number(let range):
            let expected = "\(name) should be a number from \(range.lowerBound) to \(range.upperBound), got "
            for wrong in [range.lowerBound - 1, range.upperBound * 2, .nan] {
                #expect(try await item.refusal(of: .number(wrong))?.hasPrefix(expected) == true, "\(wrong)")
            }
            #expect(try await item.refusal(of: .text("much")) == expected + "'much'")
        case .choice(let words):
            let expected = "\(name) should be \(words.joined(separator: " or ")), got "
            #expect(try await item.refusal(of: .text("pink")) == expected + "'pink'")
            #expect(try await item.refusal(of: .number(1)) == expected + "1")
        case .fill:
            #expect(try await item.refusal(of: .text("pink"))?.hasPrefix("\(name) should be zero") == true)
        case .layer:
            #expect(try await item.refusal(of: .text("nowhere"))?.contains("nowhere") == true)
        }
    }

    @Test("the default shown is the one used", arguments: cases) func defaults(_ item: Case) async throws {
        guard case .value(let value) = item.parameter.usual else { return }
        // Of one session: which way a sweep is faster is measured once for each.
        let petshop = try Fixtures.petshop()
        let leftOut = try await item.explanation(nil, by: petshop)
        let given = try await item.explanation(value, by: petshop)
        // Batches that turn out too large for a sweep's memory are smaller from then on, which may change the last bits.
        #expect(difference(given.map, leftOut.map) < 1e-5)
        #expect((given.attribution == nil) == (leftOut.attribution == nil))
        if let some = given.attribution, let other = leftOut.attribution { #expect(difference(some, other) < 1e-5) }
    }

    /// The largest difference, relative to the largest magnitude; infinite between shapes.
    private func difference(_ some: Tensor, _ other: Tensor) -> Float {
        guard some.shape == other.shape else { return .infinity }
        let largest = some.values.map(abs).max() ?? 0
        return (zip(some.values, other.values).map { abs($0 - $1) }.max() ?? 0) / max(largest, .leastNormalMagnitude)
    }

    /// What the phrases say, worked out for the photo of 96 by 80 pixels.
    @Test("a default that depends on the image is what its phrase says") func rules() async throws {
        let (_, input) = try Fixtures.petshop()
        let range = Double(input.values.max() ?? 0) - Double(input.values.min() ?? 0)
        let worked: [String: ParameterValue] = [
            "occlusion a fifth of the shorter side": .number(16), "occlusion half a window": .number(20),
            "smoothgrad noise times the input's range": .number(0.15 * range), "lrp alpha - 1": .number(1),
        ]
        for item in Self.cases {
            guard case .rule(let phrase) = item.parameter.usual else { continue }
            let value: ParameterValue
            if item.parameter.kind == .layer {
                value = .text("/features/features.18/Relu_output_0")
                #expect(phrase == "the last convolution stage's output")
            } else {
                value = try #require(worked["\(item.method) \(phrase)"], "\(item.testDescription): \(phrase)")
            }
            // The window itself is left out only here.
            let petshop = try Fixtures.petshop()
            let leftOut =
                item.parameter.name == "window"
                ? try await petshop.network.explain(item.method, input) : try await item.explanation(nil, by: petshop)
            let given = try await item.explanation(value, by: petshop)
            #expect(difference(given.map, leftOut.map) < 1e-5, "\(item.testDescription)")
        }
    }

    @Test("of samples and steps the first counts, and either alone is enough", arguments: ["rise", "smoothgrad"])
    func synonyms(method: String) async throws {
        let (network, input) = try Fixtures.petshop()
        func map(_ parameters: [String: ParameterValue]) async throws -> Tensor {
            try await network.explain(method, input, parameters).map
        }
        let three = try await map(["samples": .number(3)])
        #expect(try await map(["steps": .number(3)]) == three)
        #expect(try await map(["steps": .number(5), "samples": .number(3)]) == three)
        #expect(try await map(["steps": .number(5)]) != three)
    }

    @Test("what is for adaptive occlusion is refused of an exact one", arguments: ["tolerance", "field-cap", "seed"])
    func adaptiveOnly(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            _ = try await network.explain("occlusion", input, ["window": .number(40), name: .number(0.5)])
        }
    }

    @Test("a stranger is refused with the names that the method knows") func strangers() async throws {
        let (network, input) = try Fixtures.petshop()
        let error = await #expect(throws: InterpretationError.self) {
            _ = try await network.explain("rise", input, ["clas": .text("dog")])
        }
        #expect(
            error.map { "\($0)" } == "rise has no parameter 'clas'; it knows samples, steps, cells, keep, seed")
    }
}
