public import Foundation

/// Parameters of `audit`: about which photos of the index.
public struct AuditParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case label, since, model, images, members }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Only photos decided for this class, a label or an index; all classes but those that mean nothing to find where nil.
    public var label: String?
    /// Only photos decided since then.
    public var since: Date?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Whether to return a contact sheet.
    public var images: Bool?
    /// Whether to name every photo of each way, with its place in the plane of eigenvectors.
    public var members: Bool?

    public init(
        label: String? = nil, since: Date? = nil, model: String? = nil, images: Bool? = nil, members: Bool? = nil
    ) {
        self.label = label
        self.since = since
        self.model = model
        self.images = images
        self.members = members
    }
}

/// Result of `audit`.
public struct AuditResult: Codable, Sendable, Hashable {
    /// Some of several photos.
    public struct Rate: Codable, Sendable, Hashable {
        public var photos: Int
        public var of: Int

        public init(photos: Int, of: Int) {
            self.photos = photos
            self.of = of
        }
    }

    /// How a class is decided.
    public struct ClassWays: Codable, Sendable, Hashable {
        public var label: String
        public var photos: Int
        public var ways: Int
        /// Of the graph's Laplacian, smallest first; empty where there were too few photos to make a graph of.
        public var eigenvalues: [Double]

        public init(label: String, photos: Int, ways: Int, eigenvalues: [Double]) {
            self.label = label
            self.photos = photos
            self.ways = ways
            self.eigenvalues = eigenvalues
        }
    }

    /// A photo of a way, and its entries in the second and third eigenvector.
    public struct Member: Codable, Sendable, Hashable {
        public var photo: String
        public var x: Double
        public var y: Double

        public init(photo: String, x: Double, y: Double) {
            self.photo = photo
            self.x = x
            self.y = y
        }
    }

    /// One way of deciding: photos of a class whose evidence lies alike.
    public struct Way: Codable, Sendable, Hashable {
        public var label: String
        /// Of the class's photos.
        public var share: Rate
        /// How much speaks against it, 0…1; 0 where nothing does.
        public var suspicion: Double
        /// `evidence-off-animal`, `small-spot`, `same-corner`, `one-origin`.
        public var flags: [String]
        /// The flags in words.
        public var reasons: [String]
        /// Of the photos in which the animal was found, those whose evidence lies off it.
        public var offAnimal: Rate
        /// Of these, those that one small spot of the animal decides.
        public var smallSpot: Rate
        /// `upper left`, `upper right`, `lower left` or `lower right`: the corner that holds the evidence of most photos whose
        /// evidence lies in one, and how many those are.
        public var corner: String?
        public var inCorner: Rate?
        /// The camera or folder that most of its photos come from, and how many.
        public var origin: String
        public var fromOrigin: Rate
        /// Paths, the most typical first.
        public var typical: [String]
        /// The mean of the photos' maps over the upright photo, row by row; all together 1.
        public var map: [[Double]]
        /// Where they were asked for.
        public var members: [Member]?

        public init(
            label: String, share: Rate, suspicion: Double, flags: [String], reasons: [String], offAnimal: Rate,
            smallSpot: Rate, corner: String?, inCorner: Rate?, origin: String, fromOrigin: Rate, typical: [String],
            map: [[Double]], members: [Member]?
        ) {
            self.label = label
            self.share = share
            self.suspicion = suspicion
            self.flags = flags
            self.reasons = reasons
            self.offAnimal = offAnimal
            self.smallSpot = smallSpot
            self.corner = corner
            self.inCorner = inCorner
            self.origin = origin
            self.fromOrigin = fromOrigin
            self.typical = typical
            self.map = map
            self.members = members
        }
    }

    public var model: Sidecar.Model
    /// Photos that were compared.
    public var photos: Int
    /// Photos of the index of which no decision is kept, and of those that were asked about, the ones without a map.
    public var withoutDecision: Int
    public var withoutMap: Int
    /// The method that the maps are from; nil where there is none.
    public var method: String?
    public var classes: [ClassWays]
    /// What should be looked at first comes first.
    public var ways: [Way]
    /// By step: `read`, `cluster`, `draw`.
    public var milliseconds: [String: Double]
    /// A JPEG file: of each way the mean map and typical photos.
    public var sheet: Data?

    public init(
        model: Sidecar.Model, photos: Int, withoutDecision: Int, withoutMap: Int, method: String?,
        classes: [ClassWays], ways: [Way], milliseconds: [String: Double], sheet: Data? = nil
    ) {
        self.model = model
        self.photos = photos
        self.withoutDecision = withoutDecision
        self.withoutMap = withoutMap
        self.method = method
        self.classes = classes
        self.ways = ways
        self.milliseconds = milliseconds
        self.sheet = sheet
    }
}
