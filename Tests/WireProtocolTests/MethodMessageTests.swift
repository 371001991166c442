import Foundation
import Testing
import WireProtocol

@Suite struct MethodMessageTests {
    @Test func aParameterIsWrittenWithWhatItHasAndReadBack() throws {
        let parameters: [(MethodDescription.Parameter, String)] = [
            (
                .init(
                    name: "samples", kind: "whole-number", minimum: 1, maximum: 1_000_000, default: .number(2000),
                    summary: "number of masks"),
                #"{"default":2000,"kind":"whole-number","maximum":1000000,"minimum":1,"name":"samples","#
                    + #""summary":"number of masks"}"#
            ),
            (
                .init(name: "window", kind: "whole-number", minimum: 1, default: .string("a fifth"), summary: "side"),
                #"{"default":"a fifth","kind":"whole-number","minimum":1,"name":"window","summary":"side"}"#
            ),
            (
                .init(
                    name: "precision", kind: "choice", choices: ["exact", "adaptive"], default: .string("exact"),
                    summary: "how"),
                #"{"choices":["exact","adaptive"],"default":"exact","kind":"choice","name":"precision","summary":"how"}"#
            ),
        ]
        for (parameter, text) in parameters {
            let written = try JSONText(encoding: parameter)
            #expect(written.description == text)
            #expect(try written.decoded(as: MethodDescription.Parameter.self) == parameter)
        }
    }

    /// A newer daemon may have kinds that this client was not told of.
    @Test func anUnknownKindIsReadAsItIs() throws {
        let text = #"{"name":"box","kind":"rectangle","summary":"where"}"#
        let parameter = try JSONText(validating: Data(text.utf8)).decoded(as: MethodDescription.Parameter.self)
        #expect(parameter.kind == "rectangle")
        #expect(parameter.minimum == nil && parameter.choices == nil && parameter.default == nil)
    }
}
