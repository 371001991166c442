/// What a parameter is where it is left out.
enum Fallback<Value: Sendable>: Sendable {
    case value(Value)
    /// It follows from the question, as the phrase says.
    case rule(String, @Sendable (Question) throws(InterpretationError) -> Value)

    func value(in question: Question) throws(InterpretationError) -> Value {
        switch self {
        case .value(let value): value
        case .rule(_, let value): try value(question)
        }
    }

    /// For the card, given how a value is written.
    func shown(_ written: (Value) -> ParameterValue) -> ParameterDefault {
        switch self {
        case .value(let value): .value(written(value))
        case .rule(let phrase, _): .rule(phrase)
        }
    }
}
