/// A number within a range, its bounds included.
struct NumberParameter: MethodParameter {
    let name: String
    let summary: String
    private let range: ClosedRange<Double>
    private let fallback: Fallback<Double>

    init(_ name: String, in range: ClosedRange<Double>, default fallback: Fallback<Double>, _ summary: String) {
        self.name = name
        self.summary = summary
        self.range = range
        self.fallback = fallback
    }

    init(_ name: String, in range: ClosedRange<Double>, default value: Double, _ summary: String) {
        self.init(name, in: range, default: .value(value), summary)
    }

    var kind: ParameterKind { .number(range) }
    var usual: ParameterDefault { fallback.shown { .number($0) } }

    func value(in question: Question) throws(InterpretationError) -> Double {
        guard let given = question.parameters[name] else { return try fallback.value(in: question) }
        guard case .number(let number) = given, range.contains(number) else {
            throw .badParameter(
                "\(name) should be a number from \(range.lowerBound) to \(range.upperBound), got \(given.text)")
        }
        return number
    }
}
