public import Foundation

/// Parameters of `compare`: a photo, and which methods and networks look at it.
public struct CompareParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case methods, models, images
        case classLabel = "class"
    }

    public static let memberNames = PhotoSource.photoMembers + CodingKeys.allCases.map(\.rawValue)

    public var source: PhotoSource
    /// By name; each network's own choice where nil.
    public var methods: [String]?
    /// By name; the only or the default network where nil. Every method is asked of every network.
    public var models: [String]?
    /// A label, or an index where no label reads so; what each network calls the photo where nil.
    public var classLabel: String?
    /// Whether to return a sheet with the maps side by side.
    public var images: Bool?

    public init(
        source: PhotoSource, methods: [String]? = nil, models: [String]? = nil, classLabel: String? = nil,
        images: Bool? = nil
    ) {
        self.source = source
        self.methods = methods
        self.models = models
        self.classLabel = classLabel
        self.images = images
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(from: decoder, takesTensors: false)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        methods = try members.decodeIfPresent([String].self, forKey: .methods)
        models = try members.decodeIfPresent([String].self, forKey: .models)
        classLabel = try members.decodeIfPresent(String.self, forKey: .classLabel)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(methods, forKey: .methods)
        try members.encodeIfPresent(models, forKey: .models)
        try members.encodeIfPresent(classLabel, forKey: .classLabel)
        try members.encodeIfPresent(images, forKey: .images)
    }
}

/// Result of `compare`.
public struct CompareResult: Codable, Sendable, Hashable {
    /// What one method says of one network.
    public struct Map: Codable, Sendable, Hashable {
        public var model: String
        public var method: String
        /// The class that it explains, and its probability by this network.
        public var label: String
        public var probability: Double?
        public var boxes: [BoundingBox]
        public var milliseconds: Double
        public var warnings: [String]

        public init(
            model: String, method: String, label: String, probability: Double?, boxes: [BoundingBox],
            milliseconds: Double, warnings: [String]
        ) {
            self.model = model
            self.method = method
            self.label = label
            self.probability = probability
            self.boxes = boxes
            self.milliseconds = milliseconds
            self.warnings = warnings
        }
    }

    /// How two maps compare, by their numbers in `maps`.
    public struct Pair: Codable, Sendable, Hashable {
        public var first: Int
        public var second: Int
        /// Spearman's, −1…1; nil where one of the maps has no contrast.
        public var rankCorrelation: Double?
        /// Intersection over union of their first boxes, 0…1; nil where one of them has none.
        public var boxOverlap: Double?

        public init(first: Int, second: Int, rankCorrelation: Double?, boxOverlap: Double?) {
            self.first = first
            self.second = second
            self.rankCorrelation = rankCorrelation
            self.boxOverlap = boxOverlap
        }
    }

    public var photo: Sidecar.Photo
    public var maps: [Map]
    public var pairs: [Pair]
    /// A JPEG file.
    public var sheet: Data?

    public init(photo: Sidecar.Photo, maps: [Map], pairs: [Pair], sheet: Data? = nil) {
        self.photo = photo
        self.maps = maps
        self.pairs = pairs
        self.sheet = sheet
    }
}
