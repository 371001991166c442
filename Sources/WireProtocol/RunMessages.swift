public import Foundation

/// Parameters of `run`: tensors by input name, or one tensor for the only input.
public struct RunParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, inputs, npy }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// `.npy` files by the name of the network's input.
    public var inputs: [String: Data]?
    /// The `.npy` file for a network with one input.
    public var npy: Data?

    public init(model: String?, inputs: [String: Data]) {
        self.model = model
        self.inputs = inputs
    }

    public init(model: String?, npy: Data) {
        self.model = model
        self.npy = npy
    }
}

/// Result of `run`.
public struct RunResult: Codable, Sendable, Hashable {
    /// `.npy` files by the name of the network's output.
    public var outputs: [String: Data]

    public init(outputs: [String: Data]) {
        self.outputs = outputs
    }
}
