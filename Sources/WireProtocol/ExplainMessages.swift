public import Foundation

/// Parameters of `explain`: a photo or a tensor, and how to look at it.
public struct ExplainParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case method
        case classLabel = "class"
        case furtherClasses, against, probability, model, parameters, memory, raw, rawAttribution, images,
            plainSaliency,
            partialMaps, animal, format, colourMap, opacity, preview
    }

    public static let memberNames = PhotoSource.memberNames + CodingKeys.allCases.map(\.rawValue)

    /// A method parameter.
    public enum Value: Sendable, Hashable, Codable {
        case number(Double)
        case string(String)

        public init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .string(try container.decode(String.self))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .string(let string): try container.encode(string)
            }
        }
    }

    /// What is explained.
    public var source: PhotoSource
    /// The explanation method; the daemon's choice for the network where nil.
    public var method: String?
    /// A label, or an index where no label reads so; the most probable class where nil.
    public var classLabel: String?
    /// Labels or indices of classes to be explained beside it, from the same passes; needs a method.
    public var furtherClasses: [String]?
    /// Contrast: explained is what sets the class apart from this one, a label or index.
    public var against: String?
    /// Whether the softmax probability is explained instead of the score before it.
    public var probability: Bool?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// By name, those that `methods` lists of the method.
    public var parameters: [String: Value]?
    /// Whether to return the method's own map.
    public var raw: Bool?
    /// Whether to return the signed attribution at the network's input.
    public var rawAttribution: Bool?
    /// Whether to return overlay and saliency picture.
    public var images: Bool?
    /// Whether the saliency picture is the grey map alone, without the photo under it.
    public var plainSaliency: Bool?
    /// MiB of activations that may be in hand at once, besides those of the image itself; 256 where nil.
    public var memory: Int?
    /// Whether progress notifications show the map as far as it is made, where the method makes one place by place.
    public var partialMaps: Bool?
    /// Where the animal is, for the verdict; the animal network says it where nil.
    public var animal: AnimalMark?
    /// What the pictures are sent as; JPEG where nil.
    public var format: PictureFormat?
    /// The colours of the evidence on the overlay, by the map's name.
    public var colourMap: String?
    /// 0…1: how much of the photo the strongest evidence covers on the overlay.
    public var opacity: Double?
    /// The room for the overlay as pixels; none are returned where nil.
    public var preview: PictureRoom?

    public init(
        source: PhotoSource, method: String? = nil, classLabel: String? = nil,
        furtherClasses: [String]? = nil, against: String? = nil,
        probability: Bool? = nil, model: String? = nil,
        parameters: [String: Value]? = nil, raw: Bool? = nil, rawAttribution: Bool? = nil, images: Bool? = nil,
        plainSaliency: Bool? = nil, memory: Int? = nil, partialMaps: Bool? = nil, animal: AnimalMark? = nil
    ) {
        self.source = source
        self.memory = memory
        self.partialMaps = partialMaps
        self.animal = animal
        self.method = method
        self.classLabel = classLabel
        self.furtherClasses = furtherClasses
        self.against = against
        self.probability = probability
        self.model = model
        self.parameters = parameters
        self.raw = raw
        self.rawAttribution = rawAttribution
        self.images = images
        self.plainSaliency = plainSaliency
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(from: decoder, takesTensors: true)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        method = try members.decodeIfPresent(String.self, forKey: .method)
        classLabel = try members.decodeIfPresent(String.self, forKey: .classLabel)
        furtherClasses = try members.decodeIfPresent([String].self, forKey: .furtherClasses)
        against = try members.decodeIfPresent(String.self, forKey: .against)
        probability = try members.decodeIfPresent(Bool.self, forKey: .probability)
        model = try members.decodeIfPresent(String.self, forKey: .model)
        parameters = try members.decodeIfPresent([String: Value].self, forKey: .parameters)
        memory = try members.decodeIfPresent(Int.self, forKey: .memory)
        raw = try members.decodeIfPresent(Bool.self, forKey: .raw)
        rawAttribution = try members.decodeIfPresent(Bool.self, forKey: .rawAttribution)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
        plainSaliency = try members.decodeIfPresent(Bool.self, forKey: .plainSaliency)
        partialMaps = try members.decodeIfPresent(Bool.self, forKey: .partialMaps)
        animal = try members.decodeIfPresent(AnimalMark.self, forKey: .animal)
        format = try members.decodeIfPresent(PictureFormat.self, forKey: .format)
        colourMap = try members.decodeIfPresent(String.self, forKey: .colourMap)
        opacity = try members.decodeIfPresent(Double.self, forKey: .opacity)
        preview = try members.decodeIfPresent(PictureRoom.self, forKey: .preview)
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(method, forKey: .method)
        try members.encodeIfPresent(classLabel, forKey: .classLabel)
        try members.encodeIfPresent(furtherClasses, forKey: .furtherClasses)
        try members.encodeIfPresent(against, forKey: .against)
        try members.encodeIfPresent(probability, forKey: .probability)
        try members.encodeIfPresent(model, forKey: .model)
        try members.encodeIfPresent(parameters, forKey: .parameters)
        try members.encodeIfPresent(memory, forKey: .memory)
        try members.encodeIfPresent(raw, forKey: .raw)
        try members.encodeIfPresent(rawAttribution, forKey: .rawAttribution)
        try members.encodeIfPresent(images, forKey: .images)
        try members.encodeIfPresent(plainSaliency, forKey: .plainSaliency)
        try members.encodeIfPresent(partialMaps, forKey: .partialMaps)
        try members.encodeIfPresent(animal, forKey: .animal)
        try members.encodeIfPresent(format, forKey: .format)
        try members.encodeIfPresent(colourMap, forKey: .colourMap)
        try members.encodeIfPresent(opacity, forKey: .opacity)
        try members.encodeIfPresent(preview, forKey: .preview)
    }
}

/// Numbers with their shape.
public struct TensorPayload: Codable, Sendable, Hashable {
    public var shape: [Int]
    /// The same shape and the float32 values in `.npy` format.
    public var npy: Data

    public init(shape: [Int], npy: Data) {
        self.shape = shape
        self.npy = npy
    }
}

/// Result of `explain`: the members of the sidecar, and beside them what this request asked for.
public struct ExplainResult: Codable, Sendable, Hashable {
    /// JPEG or PNG files, as was asked.
    public struct Images: Codable, Sendable, Hashable {
        /// The upright photo with heat map, boxes, label and legend.
        public var overlay: Data?
        /// The gradient map in grey, over the photo in dark grey where it was not asked for plain.
        public var saliency: Data?

        public init(overlay: Data?, saliency: Data?) {
            self.overlay = overlay
            self.saliency = saliency
        }
    }

    /// How far a map that was not computed everywhere may be off, measured at places drawn at random. Errors and range
    /// are those of what was explained: the class's score, or its probability where that was asked for.
    public struct Approximation: Codable, Sendable, Hashable {
        /// Places of the map, those that were computed for it, and those at which it was compared.
        public var places: Int
        public var computed: Int
        public var sampled: Int
        public var rootMeanSquareError: Double
        public var largestError: Double
        /// The map's largest less its smallest value.
        public var range: Double
        /// Between map and exact values over the sample; absent where one of them does not vary.
        public var correlation: Double?

        public init(
            places: Int, computed: Int, sampled: Int, rootMeanSquareError: Double, largestError: Double, range: Double,
            correlation: Double?
        ) {
            self.places = places
            self.computed = computed
            self.sampled = sampled
            self.rootMeanSquareError = rootMeanSquareError
            self.largestError = largestError
            self.range = range
            self.correlation = correlation
        }
    }

    /// One of the further classes asked for.
    public struct FurtherClass: Codable, Sendable, Hashable {
        public var classLabel: String
        public var map: TensorPayload?
        public var attribution: TensorPayload?
        /// JPEG or PNG: the photo with this class's map.
        public var overlay: Data?
        public var warnings: [String]

        private enum CodingKeys: String, CodingKey {
            case classLabel = "class"
            case map, attribution, overlay, warnings
        }

        public init(
            classLabel: String, map: TensorPayload? = nil, attribution: TensorPayload? = nil, overlay: Data? = nil,
            warnings: [String] = []
        ) {
            self.classLabel = classLabel
            self.map = map
            self.attribution = attribution
            self.overlay = overlay
            self.warnings = warnings
        }
    }

    public var sidecar: Sidecar
    /// The method that was used.
    public var method: String
    /// The class that was explained.
    public var classLabel: String
    /// The method's own map [rows, columns], before upsampling, clipping or scaling.
    public var map: TensorPayload?
    /// Maps beside the method's own, by name: occlusion's raw `score` for one.
    public var furtherMaps: [String: TensorPayload]?
    /// Signed attribution at the network's input [C,H,W].
    public var attribution: TensorPayload?
    public var furtherClasses: [FurtherClass]?
    /// Of the first class's map; absent where the map is exact.
    public var approximation: Approximation?
    public var images: Images?
    /// The overlay within the room that was asked for; under 400 pixels without words, which could not be read.
    public var preview: PicturePixels?
    /// Scores before softmax, by class index.
    public var scores: [Float]
    public var warnings: [String]

    public init(
        sidecar: Sidecar, method: String, classLabel: String, map: TensorPayload? = nil,
        furtherMaps: [String: TensorPayload]? = nil, attribution: TensorPayload? = nil,
        furtherClasses: [FurtherClass]? = nil, approximation: Approximation? = nil, images: Images? = nil,
        preview: PicturePixels? = nil, scores: [Float], warnings: [String] = []
    ) {
        self.sidecar = sidecar
        self.approximation = approximation
        self.method = method
        self.classLabel = classLabel
        self.map = map
        self.furtherMaps = furtherMaps
        self.attribution = attribution
        self.furtherClasses = furtherClasses
        self.images = images
        self.preview = preview
        self.scores = scores
        self.warnings = warnings
    }

    private enum CodingKeys: String, CodingKey {
        case method
        case classLabel = "class"
        case map, furtherMaps, attribution, furtherClasses, approximation, images, preview, scores, warnings
    }

    public init(from decoder: any Decoder) throws {
        sidecar = try Sidecar(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        method = try container.decode(String.self, forKey: .method)
        classLabel = try container.decode(String.self, forKey: .classLabel)
        map = try container.decodeIfPresent(TensorPayload.self, forKey: .map)
        furtherMaps = try container.decodeIfPresent([String: TensorPayload].self, forKey: .furtherMaps)
        attribution = try container.decodeIfPresent(TensorPayload.self, forKey: .attribution)
        furtherClasses = try container.decodeIfPresent([FurtherClass].self, forKey: .furtherClasses)
        approximation = try container.decodeIfPresent(Approximation.self, forKey: .approximation)
        images = try container.decodeIfPresent(Images.self, forKey: .images)
        preview = try container.decodeIfPresent(PicturePixels.self, forKey: .preview)
        scores = try container.decode([Float].self, forKey: .scores)
        warnings = try container.decode([String].self, forKey: .warnings)
    }

    public func encode(to encoder: any Encoder) throws {
        // Both write into the same object.
        try sidecar.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(method, forKey: .method)
        try container.encode(classLabel, forKey: .classLabel)
        try container.encodeIfPresent(map, forKey: .map)
        try container.encodeIfPresent(furtherMaps, forKey: .furtherMaps)
        try container.encodeIfPresent(attribution, forKey: .attribution)
        try container.encodeIfPresent(furtherClasses, forKey: .furtherClasses)
        try container.encodeIfPresent(approximation, forKey: .approximation)
        try container.encodeIfPresent(images, forKey: .images)
        try container.encodeIfPresent(preview, forKey: .preview)
        try container.encode(scores, forKey: .scores)
        try container.encode(warnings, forKey: .warnings)
    }
}
