public import Foundation

/// Parameters of `project`: a photo, and which layer's units are taken down to the pixels.
public struct ProjectParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case layer, unit, count, model, rule, raw, images }

    public static let memberNames = PhotoSource.memberNames + CodingKeys.allCases.map(\.rawValue)

    /// What is done at the rectifiers on the way down to the pixels.
    public enum Rule: String, Codable, Sendable, Hashable, CaseIterable {
        case deconvnet
        case guided = "guided-backprop"
    }

    /// A tensor goes without pictures.
    public var source: PhotoSource
    /// By its name in `models`, or its node's.
    public var layer: String
    /// A channel of the layer; the most excited ones where nil.
    public var unit: Int?
    /// How many of the most excited.
    public var count: Int?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Where nil, `deconvnet` where there is maximum pooling below the layer, whose switches tie it to the photo, and else
    /// `guided-backprop`.
    public var rule: Rule?
    /// Whether to return the reconstructions as tensors.
    public var raw: Bool?
    /// Whether to return the sheet.
    public var images: Bool?

    public init(
        source: PhotoSource, layer: String, unit: Int? = nil, count: Int? = nil, model: String? = nil,
        rule: Rule? = nil, raw: Bool? = nil, images: Bool? = nil
    ) {
        self.source = source
        self.layer = layer
        self.unit = unit
        self.count = count
        self.model = model
        self.rule = rule
        self.raw = raw
        self.images = images
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(from: decoder, takesTensors: true)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        layer = try members.decode(String.self, forKey: .layer)
        unit = try members.decodeIfPresent(Int.self, forKey: .unit)
        count = try members.decodeIfPresent(Int.self, forKey: .count)
        model = try members.decodeIfPresent(String.self, forKey: .model)
        rule = try members.decodeIfPresent(Rule.self, forKey: .rule)
        raw = try members.decodeIfPresent(Bool.self, forKey: .raw)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(layer, forKey: .layer)
        try members.encodeIfPresent(unit, forKey: .unit)
        try members.encodeIfPresent(count, forKey: .count)
        try members.encodeIfPresent(model, forKey: .model)
        try members.encodeIfPresent(rule, forKey: .rule)
        try members.encodeIfPresent(raw, forKey: .raw)
        try members.encodeIfPresent(images, forKey: .images)
    }
}

/// Result of `project`.
public struct ProjectResult: Codable, Sendable, Hashable {
    /// One unit.
    public struct Unit: Codable, Sendable, Hashable {
        public var unit: Int
        /// Its strongest activation.
        public var value: Double
        /// Where in the layer's map that is, [row, column]; empty where the unit has a single value.
        public var position: [Int]
        /// What the activation depends on, in pixels of the network's input.
        public var inputWindow: BoundingBox
        /// The same in pixels of the upright photo; nil for a tensor.
        public var bbox: BoundingBox?
        /// What arrives at the network's input [C,H,W], signed.
        public var reconstruction: TensorPayload?

        public init(
            unit: Int, value: Double, position: [Int], inputWindow: BoundingBox, bbox: BoundingBox? = nil,
            reconstruction: TensorPayload? = nil
        ) {
            self.unit = unit
            self.value = value
            self.position = position
            self.inputWindow = inputWindow
            self.bbox = bbox
            self.reconstruction = reconstruction
        }
    }

    public var photo: Sidecar.Photo?
    public var model: Sidecar.Model
    /// The layer's name.
    public var layer: String
    /// [1,units,…] of the layer for this input.
    public var shape: [Int]
    /// The strongest first.
    public var units: [Unit]
    /// The rule that was used. Nil from a daemon that knows one alone, `deconvnet`.
    public var rule: ProjectParameters.Rule?
    /// What the pictures do not show: that the rule fails the randomization check.
    public var caveat: String
    /// JPEG: each unit's patch of the photo beside its reconstruction.
    public var image: Data?
    public var warnings: [String]

    public init(
        photo: Sidecar.Photo?, model: Sidecar.Model, layer: String, shape: [Int], units: [Unit],
        rule: ProjectParameters.Rule?, caveat: String, image: Data? = nil, warnings: [String] = []
    ) {
        self.photo = photo
        self.model = model
        self.layer = layer
        self.shape = shape
        self.units = units
        self.rule = rule
        self.caveat = caveat
        self.image = image
        self.warnings = warnings
    }
}
