public import Foundation

/// Parameters of `index`: which photos go into the unit index.
public struct IndexParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case folder, model }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Absolute path of a folder that the daemon may read; everything below it counts.
    public var folder: String
    /// May be left out where one model is loaded or one is the default.
    public var model: String?

    public init(folder: String, model: String? = nil) {
        self.folder = folder
        self.model = model
    }
}

/// Result of `index`.
public struct IndexResult: Codable, Sendable, Hashable {
    /// The folder's real path.
    public var folder: String
    public var model: Sidecar.Model
    /// Photos that were read with a forward pass.
    public var indexed = 0
    /// Photos that were in the index as they are.
    public var known = 0
    /// Files that hold a photo of the index under another name: copies, and photos that were moved.
    public var copied = 0
    /// Files that were in the index and are no longer there.
    public var removed = 0
    /// Photos and folders that cannot be read.
    public var skipped = 0
    /// Why, by path; the first thousand.
    public var failures: [String: String] = [:]
    /// Different photos in the index now, of all folders and the inbox.
    public var photos = 0
    /// Of the index on the disk.
    public var bytes = 0
    public var seconds = 0.0

    public init(folder: String, model: Sidecar.Model) {
        self.folder = folder
        self.model = model
    }
}

/// Parameters of `units`: the photos that excite a unit most, or the units that a photo excites most unusually.
public struct UnitsParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case layer, unit, count, model, images }

    public static let memberNames = PhotoSource.photoMembers + CodingKeys.allCases.map(\.rawValue)

    /// Instead of `unit`, a photo; tensors are not taken.
    public var source: PhotoSource?
    /// A layer, by the name of its output or of the node that makes it. Needed for `unit`; with a photo, only its
    /// units.
    public var layer: String?
    /// A channel of the layer, from 0.
    public var unit: Int?
    /// How many photos, or units: 1 to 100; 5 where nil.
    public var count: Int?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Whether to return a contact sheet; for `unit` only.
    public var images: Bool?

    public init(
        source: PhotoSource? = nil, layer: String? = nil, unit: Int? = nil, count: Int? = nil, model: String? = nil,
        images: Bool? = nil
    ) {
        self.source = source
        self.layer = layer
        self.unit = unit
        self.count = count
        self.model = model
        self.images = images
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(ifPresentIn: decoder, takesTensors: false)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        layer = try members.decodeIfPresent(String.self, forKey: .layer)
        unit = try members.decodeIfPresent(Int.self, forKey: .unit)
        count = try members.decodeIfPresent(Int.self, forKey: .count)
        model = try members.decodeIfPresent(String.self, forKey: .model)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
    }

    public func encode(to encoder: any Encoder) throws {
        try source?.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(layer, forKey: .layer)
        try members.encodeIfPresent(unit, forKey: .unit)
        try members.encodeIfPresent(count, forKey: .count)
        try members.encodeIfPresent(model, forKey: .model)
        try members.encodeIfPresent(images, forKey: .images)
    }
}

/// Result of `units`: has `strongest` where a unit was asked about, `unusual` where a photo was.
public struct UnitsResult: Codable, Sendable, Hashable {
    /// A photo that excites the unit.
    public struct Match: Codable, Sendable, Hashable {
        public var photo: String
        /// Other files with the same bytes.
        public var copies: [String]
        public var sha256: String
        /// The largest activation of the unit over the photo.
        public var value: Double
        /// Row and column of the layer's plane where it is.
        public var position: [Int]
        /// What that place sees: its receptive field in pixels of the upright photo, clipped to it; nil where it sees
        /// only padding.
        public var bbox: BoundingBox?
        /// `unchanged`, or `unreachable` where the file cannot be looked at now.
        public var status: String

        public init(
            photo: String, copies: [String], sha256: String, value: Double, position: [Int], bbox: BoundingBox?,
            status: String
        ) {
            self.photo = photo
            self.copies = copies
            self.sha256 = sha256
            self.value = value
            self.position = position
            self.bbox = bbox
            self.status = status
        }
    }

    /// A unit that a photo excites.
    public struct Standing: Codable, Sendable, Hashable {
        public var layer: String
        public var unit: Int
        public var value: Double
        public var position: [Int]
        public var bbox: BoundingBox?
        /// 1 for the photo that excites the unit most.
        public var rank: Int
        /// Share of the other photos that excite the unit less, 0…100.
        public var percentile: Double

        public init(
            layer: String, unit: Int, value: Double, position: [Int], bbox: BoundingBox?, rank: Int, percentile: Double
        ) {
            self.layer = layer
            self.unit = unit
            self.value = value
            self.position = position
            self.bbox = bbox
            self.rank = rank
            self.percentile = percentile
        }
    }

    /// A file that has left the index because of this question.
    public struct Departure: Codable, Sendable, Hashable {
        public var photo: String
        /// `gone` or `changed`.
        public var reason: String

        public init(photo: String, reason: String) {
            self.photo = photo
            self.reason = reason
        }
    }

    public var model: Sidecar.Model
    /// Different photos that were compared.
    public var photos: Int
    /// The layer's name and how many units it has, where one was asked about.
    public var layer: String?
    public var layerUnits: Int?
    public var unit: Int?
    /// Strongest first.
    public var strongest: [Match]?
    /// Most unusual first.
    public var unusual: [Standing]?
    /// Files that turned out to be gone or changed, and have left the index.
    public var left: [Departure]
    /// A JPEG file: the photos with their patches, and the patches.
    public var sheet: Data?

    public init(model: Sidecar.Model, photos: Int, left: [Departure] = []) {
        self.model = model
        self.photos = photos
        self.left = left
    }
}
