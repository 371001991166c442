/// A layer of the network by its name, nil where it is left out and the method chooses.
struct LayerParameter: MethodParameter {
    let name: String
    let summary: String
    /// Which layer the method chooses.
    private let choice: String

    init(_ name: String, default choice: String, _ summary: String) {
        self.name = name
        self.summary = summary
        self.choice = choice
    }

    var kind: ParameterKind { .layer }
    var usual: ParameterDefault { .rule(choice) }

    func value(in question: Question) -> String? {
        switch question.parameters[name] {
        case nil: nil
        case .text(let text): text
        // Exporters number layers.
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        }
    }
}
