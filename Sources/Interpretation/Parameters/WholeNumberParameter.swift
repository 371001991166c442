import Tensors

/// A whole number from a minimum to a maximum.
struct WholeNumberParameter: MethodParameter {
    /// The largest number taken.
    enum Maximum: Sendable {
        case number(Int)
        /// The longer side of the input image in pixels.
        case longerSide
    }

    let name: String
    let summary: String
    private let minimum: Int
    private let maximum: Maximum
    private let fallback: Fallback<Int>

    init(_ name: String, from minimum: Int, to maximum: Maximum, default fallback: Fallback<Int>, _ summary: String) {
        self.name = name
        self.summary = summary
        self.minimum = minimum
        self.maximum = maximum
        self.fallback = fallback
    }

    init(_ name: String, in range: ClosedRange<Int>, default value: Int, _ summary: String) {
        self.init(name, from: range.lowerBound, to: .number(range.upperBound), default: .value(value), summary)
    }

    /// Where the random numbers begin; up to 2⁵³, which a JSON number holds exactly.
    static func seed(_ summary: String = "where the random numbers begin") -> WholeNumberParameter {
        WholeNumberParameter("seed", in: 0...(1 << 53), default: 0, summary)
    }

    /// The same parameter under another name.
    func synonym(_ other: String) -> WholeNumberParameter {
        WholeNumberParameter(
            other, from: minimum, to: maximum, default: fallback,
            "the same as \(name), which counts where both are given")
    }

    var kind: ParameterKind {
        switch maximum {
        case .number(let number): .wholeNumber(minimum: minimum, maximum: number)
        case .longerSide: .wholeNumber(minimum: minimum, maximum: nil)
        }
    }

    var usual: ParameterDefault { fallback.shown { .number(Double($0)) } }

    func value(in question: Question) throws(InterpretationError) -> Int {
        guard let given = question.parameters[name] else { return try fallback.value(in: question) }
        let largest =
            switch maximum {
            case .number(let number): number
            case .longerSide: max(question.input.shape[2], question.input.shape[3])
            }
        guard case .number(let number) = given, let whole = Int(exactly: number), minimum <= whole, whole <= largest
        else {
            throw .badParameter(
                "\(name) should be a whole number from \(minimum) to \(largest), got \(given.text)")
        }
        return whole
    }
}
