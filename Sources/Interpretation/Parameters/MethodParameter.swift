/// A parameter that a method knows.
public struct MethodParameter: Sendable, Hashable {
    public let name: String
    /// What it is, in which unit, and what it is if left out.
    public let summary: String

    public init(_ name: String, _ summary: String) {
        self.name = name
        self.summary = summary
    }
}

/// A method's parameter as the caller wrote it.
public enum ParameterValue: Sendable, Equatable {
    case number(Double)
    case text(String)
}

extension Question {
    /// A whole number within `range`.
    func whole(_ name: String, default value: Int, in range: ClosedRange<Int>) throws(InterpretationError) -> Int {
        guard let given = parameters[name] else { return min(max(value, range.lowerBound), range.upperBound) }
        guard case .number(let number) = given, let whole = Int(exactly: number), range.contains(whole) else {
            throw .badParameter(
                "\(name) should be a whole number from \(range.lowerBound) to \(range.upperBound), got \(given.text)")
        }
        return whole
    }

    func number(
        _ name: String, default value: Double, in range: ClosedRange<Double>
    ) throws(InterpretationError) -> Double {
        guard let given = parameters[name] else { return value }
        guard case .number(let number) = given, range.contains(number) else {
            throw .badParameter(
                "\(name) should be a number from \(range.lowerBound) to \(range.upperBound), got \(given.text)")
        }
        return number
    }

    /// One of the words that `choices` gives a meaning to; the first of them where the parameter is left out.
    func choice<Choice>(
        _ name: String, _ choices: KeyValuePairs<String, Choice>
    ) throws(InterpretationError) -> Choice {
        guard let given = parameters[name] else { return choices[0].value }
        guard let chosen = choices.first(where: { .text($0.key) == given }) else {
            throw .badParameter("\(name) should be \(choices.map(\.key).joined(separator: " or ")), got \(given.text)")
        }
        return chosen.value
    }

    /// `samples`, which `steps` means as well.
    func samples(default value: Int, atMost limit: Int) throws(InterpretationError) -> Int {
        try whole(parameters["samples"] == nil ? "steps" : "samples", default: value, in: 1...limit)
    }

    /// The seed of the random numbers, any whole number from 0 on.
    func seed() throws(InterpretationError) -> UInt64 { UInt64(try whole("seed", default: 0, in: 0...(1 << 53))) }
}

extension ParameterValue {
    var text: String {
        switch self {
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        case .text(let text): "'\(text)'"
        }
    }
}
