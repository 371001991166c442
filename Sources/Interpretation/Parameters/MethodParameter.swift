/// Something that a method can be told by name.
///
/// A method declares each of its parameters once, as a constant: its card lists the constant, and the method reads
/// through it, `try question[Self.samples]`. So the name, the range and the default that people are shown are those that
/// count.
public protocol MethodParameter<Value>: Sendable {
    associatedtype Value: Sendable

    var name: String { get }
    /// What it is, and in which unit; range and default are not said again.
    var summary: String { get }
    /// What it takes.
    var kind: ParameterKind { get }
    /// What holds where it is left out.
    var usual: ParameterDefault { get }

    /// What `question` says of it, or what holds where it is left out.
    ///
    /// - Throws: `badParameter` where the question says something that the parameter does not take.
    func value(in question: Question) throws(InterpretationError) -> Value
}

/// What a parameter takes.
public enum ParameterKind: Sendable, Hashable {
    /// A whole number; the maximum is nil where it depends on the image.
    case wholeNumber(minimum: Int, maximum: Int?)
    case number(ClosedRange<Double>)
    /// One of these words.
    case choice([String])
    /// What is painted into the image: one of `Fill`'s words, a colour, a number or one per channel.
    case fill
    /// The name of a layer.
    case layer
}

/// What holds where a parameter is left out.
public enum ParameterDefault: Sendable, Equatable {
    case value(ParameterValue)
    /// It follows from the image, the network or other parameters, as this phrase says.
    case rule(String)
}

/// A method's parameter as the caller wrote it.
public enum ParameterValue: Sendable, Equatable {
    case number(Double)
    case text(String)
}

extension ParameterValue {
    /// For messages.
    var text: String {
        switch self {
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        case .text(let text): "'\(text)'"
        }
    }
}

extension Question {
    /// The value of `parameter`: the one given, or what holds where it is left out.
    subscript<Parameter: MethodParameter>(parameter: Parameter) -> Parameter.Value {
        get throws(InterpretationError) { try parameter.value(in: self) }
    }

    /// The value of `parameter`, which `synonym` names as well; the first counts where both are given.
    subscript<Parameter: MethodParameter>(parameter: Parameter, or synonym: Parameter) -> Parameter.Value {
        get throws(InterpretationError) { try self[states(parameter) ? parameter : synonym] }
    }

    /// Whether the question says something of `parameter`.
    func states(_ parameter: any MethodParameter) -> Bool { parameters[parameter.name] != nil }
}
