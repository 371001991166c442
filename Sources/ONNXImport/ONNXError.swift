public import Networks

/// Why an ONNX file cannot be used. Nothing in a file, however broken, traps.
public enum ONNXError: Error, CustomStringConvertible {
    case unreadable(String)
    case malformed(String)
    case unsupportedOpset(Int, supported: ClosedRange<Int>)
    case unsupportedOperator(node: String, operation: String, domain: String, opset: Int)
    case unsupportedAttribute(node: String, operation: String, opset: Int, reason: String)
    case invalidNode(node: String, operation: String, reason: String)
    case invalidTensor(name: String, reason: String)
    /// What is constant in the model does not fit together.
    case network(NetworkError)

    public var description: String {
        switch self {
        case .unreadable(let reason): "the file cannot be read: \(reason)"
        case .malformed(let reason): "not a valid ONNX file: \(reason)"
        case .unsupportedOpset(let opset, let supported):
            "opset \(opset) is not supported (\(supported.lowerBound) to \(supported.upperBound) are); "
                + "export the model again with one of those"
        case .unsupportedOperator(let node, let operation, let domain, let opset):
            // Of another domain the file's opset says nothing.
            "node '\(node)': operator "
                + (domain.isEmpty ? "\(operation) of opset \(opset)" : "\(domain).\(operation)") + " is not supported"
        case .unsupportedAttribute(let node, let operation, let opset, let reason):
            "node '\(node)': operator \(operation) of opset \(opset) with \(reason) is not supported"
        case .invalidNode(let node, let operation, let reason):
            "node '\(node)' (\(operation)): \(reason)"
        case .invalidTensor(let name, let reason):
            "tensor '\(name)': \(reason)"
        case .network(let error): "\(error)"
        }
    }
}
