public import Foundation

/// Parameters of `run`: tensors by input name, or one tensor for the only input.
public struct RunParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, inputs, npy, image, range }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// `.npy` files by the name of the network's input.
    public var inputs: [String: Data]?
    /// The `.npy` file for a network with one input.
    public var npy: Data?
    /// Whether to return the first output, [N,3,H,W] or [N,1,H,W], as a picture.
    public var image: Bool?
    /// The values of black and white in it; where nil, −1 and 1 behind a tanh, 0 and 1 behind a sigmoid.
    public var range: [Double]?

    public init(model: String?, inputs: [String: Data]) {
        self.model = model
        self.inputs = inputs
    }

    public init(model: String?, npy: Data, image: Bool? = nil, range: [Double]? = nil) {
        self.model = model
        self.npy = npy
        self.image = image
        self.range = range
    }
}

/// Result of `run`.
public struct RunResult: Codable, Sendable, Hashable {
    /// `.npy` files by the name of the network's output: float32, int64 or flags, as the network declares them.
    public var outputs: [String: Data]
    /// A JPEG file: the picture, or a sheet of them.
    public var image: Data?

    public init(outputs: [String: Data]) {
        self.outputs = outputs
    }
}
