public import Tensors

/// What can be wrong with a network. Every case names the node.
public enum NetworkError: Error, CustomStringConvertible {
    case invalidNode(name: String, operation: String, reason: String)
    case wrongInput(name: String, expected: String, got: Shape)
    case missingInput(name: String)
    case notConstant(node: String, operation: String, input: String)

    public var description: String {
        switch self {
        case .invalidNode(let name, let operation, let reason):
            "node '\(name)' (\(operation)): \(reason)"
        case .wrongInput(let name, let expected, let got):
            "input '\(name)' must have shape \(expected), got \(got)"
        case .missingInput(let name):
            "input '\(name)' is missing"
        case .notConstant(let node, let operation, let input):
            "node '\(node)' (\(operation)): its \(input) must be a constant of the model"
        }
    }
}
