public import Foundation

/// Parameters of `run`: tensors by input name, one tensor for the only input, or a photo for the image among them.
public struct RunParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, inputs, npy, passedNpy, photo, photoBytes, passedPhoto, input, image, range
    }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// `.npy` files by the name of the network's input.
    public var inputs: [String: Data]?
    /// The `.npy` file for a network with one input.
    public var npy: Data?
    /// The name under which that file was passed.
    public var passedNpy: String?
    /// Absolute path of a photo, which becomes the input as the inbox's photos do.
    public var photo: String?
    /// The photo's bytes, where the daemon may not read it.
    public var photoBytes: Data?
    /// The name under which the open photo was passed.
    public var passedPhoto: String?
    /// Whether to return the input that the photo became.
    public var input: Bool?
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

extension RunParameters {
    public init(
        model: String?, photo: PhotoSource, input: Bool? = nil, image: Bool? = nil, range: [Double]? = nil
    ) {
        self.model = model
        self.input = input
        self.image = image
        self.range = range
        photoSource = photo
    }

    /// What the request is about, where that is a photo or one tensor.
    public var photoSource: PhotoSource? {
        get { sources.first }
        set {
            (photo, photoBytes, passedPhoto, npy, passedNpy) = (nil, nil, nil, nil, nil)
            switch newValue {
            case .path(let path)?: photo = path
            case .bytes(let bytes)?: photoBytes = bytes
            case .passedPhoto(let name)?: passedPhoto = name
            case .tensor(let bytes)?: npy = bytes
            case .passedTensor(let name)?: passedNpy = name
            case nil: break
            }
        }
    }

    /// All that are given, where there may be one.
    public var sources: [PhotoSource] {
        [
            photo.map(PhotoSource.path), photoBytes.map(PhotoSource.bytes), passedPhoto.map(PhotoSource.passedPhoto),
            npy.map(PhotoSource.tensor), passedNpy.map(PhotoSource.passedTensor),
        ].compactMap(\.self)
    }
}

/// Result of `run`.
public struct RunResult: Codable, Sendable, Hashable {
    /// `.npy` files by the name of the network's output: float32, int64 or flags, as the network declares them.
    public var outputs: [String: Data]
    /// A JPEG file: the picture, or a sheet of them.
    public var image: Data?
    /// A `.npy` file: what the photo became.
    public var input: Data?

    public init(outputs: [String: Data]) {
        self.outputs = outputs
    }
}
