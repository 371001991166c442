public import Execution

/// Why an explanation cannot be given.
public enum InterpretationError: Error, CustomStringConvertible {
    case execution(ExecutionError)
    case unknownMethod(String, known: [String])
    /// The method needs something the network does not have; `alternatives` work on it.
    case notApplicable(method: String, reason: String, alternatives: [String])
    case notAClassifier
    /// Some score is no finite number.
    case scoresNotFinite
    case classOutOfRange(Int, count: Int)
    case badParameter(String)
    case cancelled

    public var description: String {
        switch self {
        case .execution(let error): "\(error)"
        case .unknownMethod(let name, let known):
            "there is no method '\(name)'; there are \(known.joined(separator: ", "))"
        case .notApplicable(let method, let reason, let alternatives):
            "\(method) cannot explain this network: \(reason); use \(alternatives.joined(separator: " or "))"
        case .notAClassifier: "the network has no output that is a row of class scores [N, classes]"
        case .scoresNotFinite:
            "the network overflowed on this input: its scores are not all finite numbers, so nothing can be said of them"
        case .classOutOfRange(let index, let count): "class \(index) is outside of 0 to \(count - 1)"
        case .badParameter(let reason): reason
        case .cancelled: "cancelled"
        }
    }
}
