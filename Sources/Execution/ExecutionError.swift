import CDNN
public import Networks

/// Why a network could not be run.
public enum ExecutionError: Error, CustomStringConvertible {
    /// The input does not fit the network.
    case network(NetworkError)
    /// oneDNN refused; `status` is its number.
    case kernel(node: String, operation: String, status: Int32)
    case unsupported(node: String, operation: String, reason: String)
    /// A node was told to look outside of its input.
    case index(node: String, operation: String, reason: String)
    case outOfMemory(bytes: Int)
    /// What is computed at once would take more than the limit of ``PlanMemory``.
    case planTooLarge(bytes: Int, limit: Int)
    /// Others went on to compute in the limit of ``PlanMemory``. Passes.
    case memoryInUse(bytes: Int, limit: Int)
    /// The pass was asked for something after the session went on to another input.
    case stalePass
    case unknownValue(String)
    /// A sweep was asked for windows that do not fit the image.
    case windows(String)

    public var description: String {
        switch self {
        case .network(let error): "\(error)"
        case .kernel(let node, let operation, let status):
            "node '\(node)' (\(operation)): oneDNN \(cdnn_version_major()).\(cdnn_version_minor()) "
                + "has no kernel for it (status \(status))"
        case .unsupported(let node, let operation, let reason), .index(let node, let operation, let reason):
            "node '\(node)' (\(operation)): \(reason)"
        case .outOfMemory(let bytes): "no \(bytes / 1_048_576) MiB of memory for this input; use a smaller picture"
        case .planTooLarge(let bytes, let limit):
            "computing this at once takes \(bytes / 1_048_576) MiB and all networks together may have \(limit / 1_048_576); use a "
                + "smaller picture or tensor, fewer at once (a smaller 'memory'), or raise maxPlanMemory in the configuration"
        case .memoryInUse(let bytes, let limit):
            "computing this takes \(bytes / 1_048_576) MiB, and other requests compute in too much of the "
                + "\(limit / 1_048_576) that all may have; ask again later, or raise maxPlanMemory in the configuration"
        case .stalePass: "the session has gone on to another input"
        case .windows(let reason): "hiding windows: \(reason)"
        case .unknownValue(let name): "the network has no layer '\(name)'; `interpretctl models --layers` lists them"
        }
    }
}
