/// What is put where the image is hidden, or what a path begins with; zero where it is left out.
struct FillParameter: MethodParameter {
    let name: String
    private let purpose: String

    /// - Parameter purpose: what the fill is for.
    init(_ name: String, _ purpose: String) {
        self.name = name
        self.purpose = purpose
    }

    var summary: String { "\(purpose): \(Fill.summary)" }
    var kind: ParameterKind { .fill }
    var usual: ParameterDefault { .value(Self.zero) }

    private static let zero = ParameterValue.text("zero")

    func value(in question: Question) throws(InterpretationError) -> Fill {
        try Fill(question.parameters[name] ?? Self.zero, of: question, parameter: name)
    }
}
