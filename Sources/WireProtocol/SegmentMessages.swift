public import Foundation

/// Parameters of `segment`: a photo, and which object in it.
public struct SegmentParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case classLabel = "class"
        case method, model, images
    }

    public static let memberNames = PhotoSource.photoMembers + CodingKeys.allCases.map(\.rawValue)

    /// A photo; tensors are not taken.
    public var source: PhotoSource
    /// A label, or an index where no label reads so; the most probable class where nil.
    public var classLabel: String?
    /// The method whose map says where the object is; the network's heat map of the class where nil. Of classifiers.
    public var method: String?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Whether to return mask and overlay as pictures.
    public var images: Bool?

    public init(
        source: PhotoSource, classLabel: String? = nil, method: String? = nil, model: String? = nil,
        images: Bool? = nil
    ) {
        self.source = source
        self.classLabel = classLabel
        self.method = method
        self.model = model
        self.images = images
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(from: decoder, takesTensors: false)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        classLabel = try members.decodeIfPresent(String.self, forKey: .classLabel)
        method = try members.decodeIfPresent(String.self, forKey: .method)
        model = try members.decodeIfPresent(String.self, forKey: .model)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(classLabel, forKey: .classLabel)
        try members.encodeIfPresent(method, forKey: .method)
        try members.encodeIfPresent(model, forKey: .model)
        try members.encodeIfPresent(images, forKey: .images)
    }
}

/// Result of `segment`.
public struct SegmentResult: Codable, Sendable, Hashable {
    /// A mask as COCO writes it without compression: run lengths, column by column, beginning with what does not belong
    /// to the object.
    public struct RunLengths: Codable, Sendable, Hashable {
        /// [height, width] of the upright photo.
        public var size: [Int]
        public var counts: [Int]

        public init(size: [Int], counts: [Int]) {
            self.size = size
            self.counts = counts
        }
    }

    /// JPEG files of the upright photo's proportions.
    public struct Images: Codable, Sendable, Hashable {
        /// White where the object is.
        public var mask: Data
        /// The photo with mask and box.
        public var overlay: Data

        public init(mask: Data, overlay: Data) {
            self.mask = mask
            self.overlay = overlay
        }
    }

    public var photo: Sidecar.Photo
    public var model: Sidecar.Model
    public var predictions: [Sidecar.Prediction]
    /// The class whose object was cut out.
    public var classLabel: String
    /// Whose map said where it is; nil of a segmentation network.
    public var method: String?
    /// Around the mask; nil where it is empty.
    public var bbox: BoundingBox?
    public var mask: RunLengths
    /// Share of the photo that belongs to the object, 0…1.
    public var area: Double
    public var images: Images?

    private enum CodingKeys: String, CodingKey {
        case photo, model, predictions
        case classLabel = "class"
        case method, bbox, mask, area, images
    }

    public init(
        photo: Sidecar.Photo, model: Sidecar.Model, predictions: [Sidecar.Prediction], classLabel: String,
        method: String? = nil, bbox: BoundingBox?, mask: RunLengths, area: Double, images: Images? = nil
    ) {
        self.photo = photo
        self.model = model
        self.predictions = predictions
        self.classLabel = classLabel
        self.method = method
        self.bbox = bbox
        self.mask = mask
        self.area = area
        self.images = images
    }
}
