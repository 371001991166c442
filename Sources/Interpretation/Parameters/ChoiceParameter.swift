/// One of a few words, each of which means something to the method; the first where it is left out.
struct ChoiceParameter<Meaning: Sendable>: MethodParameter {
    let name: String
    let summary: String
    private let choices: KeyValuePairs<String, Meaning>

    /// - Parameter choices: the words and what they mean, at least one.
    init(_ name: String, _ choices: KeyValuePairs<String, Meaning>, _ summary: String) {
        self.name = name
        self.summary = summary
        self.choices = choices
    }

    var kind: ParameterKind { .choice(choices.map(\.key)) }
    var usual: ParameterDefault { .value(.text(choices[0].key)) }

    func value(in question: Question) throws(InterpretationError) -> Meaning {
        guard let given = question.parameters[name] else { return choices[0].value }
        guard let chosen = choices.first(where: { .text($0.key) == given }) else {
            throw .badParameter("\(name) should be \(choices.map(\.key).joined(separator: " or ")), got \(given.text)")
        }
        return chosen.value
    }
}
