public import Foundation

/// Parameters of `neighbours`: a photo, and where labelled photos are.
public struct NeighboursParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case count, labelled, penalty, model, images }

    public static let memberNames = PhotoSource.photoMembers + CodingKeys.allCases.map(\.rawValue)

    public var source: PhotoSource
    /// How many, 1 to 100; 10 where nil.
    public var count: Int?
    /// Absolute path of a folder that the daemon may read, with one folder for each label: asks which of these photos pull
    /// the head where.
    public var labelled: String?
    /// λ of the head that is fitted to them; 0.003 where nil.
    public var penalty: Double?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Whether to return a contact sheet.
    public var images: Bool?

    public init(
        source: PhotoSource, count: Int? = nil, labelled: String? = nil, penalty: Double? = nil, model: String? = nil,
        images: Bool? = nil
    ) {
        self.source = source
        self.count = count
        self.labelled = labelled
        self.penalty = penalty
        self.model = model
        self.images = images
    }

    public init(from decoder: any Decoder) throws {
        source = try PhotoSource(from: decoder, takesTensors: false)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        count = try members.decodeIfPresent(Int.self, forKey: .count)
        labelled = try members.decodeIfPresent(String.self, forKey: .labelled)
        penalty = try members.decodeIfPresent(Double.self, forKey: .penalty)
        model = try members.decodeIfPresent(String.self, forKey: .model)
        images = try members.decodeIfPresent(Bool.self, forKey: .images)
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(count, forKey: .count)
        try members.encodeIfPresent(labelled, forKey: .labelled)
        try members.encodeIfPresent(penalty, forKey: .penalty)
        try members.encodeIfPresent(model, forKey: .model)
        try members.encodeIfPresent(images, forKey: .images)
    }
}

/// Result of `neighbours`.
public struct NeighboursResult: Codable, Sendable, Hashable {
    /// A photo of the index.
    public struct Neighbour: Codable, Sendable, Hashable {
        public var photo: String
        /// What the network called it.
        public var label: String
        public var probability: Double?
        /// Of the features, Euclidean.
        public var distance: Double

        public init(photo: String, label: String, probability: Double?, distance: Double) {
            self.photo = photo
            self.label = label
            self.probability = probability
            self.distance = distance
        }
    }

    /// A labelled photo.
    public struct Point: Codable, Sendable, Hashable {
        public var photo: String
        /// Of its folder.
        public var label: String
        /// In the fitted head's score; for the photo that was asked about.
        public var share: Double?
        /// That the fitted head gives its label, 0…1.
        public var probability: Double

        public init(photo: String, label: String, share: Double?, probability: Double) {
            self.photo = photo
            self.label = label
            self.share = share
            self.probability = probability
        }
    }

    /// Which labelled photos pull the head.
    public struct Representers: Codable, Sendable, Hashable {
        /// Of the classes that have photos.
        public var labels: [String]
        public var photos: Int
        public var penalty: Double
        /// Whether the fit ran to its optimum, and what it leaves of W = Σ α f, as a share of W.
        public var isConverged: Bool
        public var residual: Double
        /// The class whose score is taken apart, its score by the fitted head, and the part that no photo has a share in.
        public var label: String
        public var score: Double
        public var bias: Double
        /// Those that pull most towards the class, and away from it.
        public var towards: [Point]
        public var away: [Point]
        /// Those whose label the fitted head believes least: look whether they are mislabelled.
        public var leastBelieved: [Point]
        /// How far the fitted head is from the network's own, over the labelled photos.
        public var shipped: Shipped
        /// Why photos were passed over, by path.
        public var skipped: [String: String]

        public init(
            labels: [String], photos: Int, penalty: Double, isConverged: Bool, residual: Double, label: String,
            score: Double, bias: Double, towards: [Point], away: [Point], leastBelieved: [Point], shipped: Shipped,
            skipped: [String: String]
        ) {
            self.labels = labels
            self.photos = photos
            self.penalty = penalty
            self.isConverged = isConverged
            self.residual = residual
            self.label = label
            self.score = score
            self.bias = bias
            self.towards = towards
            self.away = away
            self.leastBelieved = leastBelieved
            self.shipped = shipped
            self.skipped = skipped
        }
    }

    public struct Shipped: Codable, Sendable, Hashable {
        /// Photos that both call the same.
        public var agree: Int
        /// Mean difference of the labels' probabilities, 0…1.
        public var difference: Double
        /// How far the network's own head is from a minimum of the loss with some L2 penalty, 0…1; nil where its weights
        /// cannot be read. Above 0 the shares are the fitted head's and not exactly the network's own.
        public var residual: Double?

        public init(agree: Int, difference: Double, residual: Double?) {
            self.agree = agree
            self.difference = difference
            self.residual = residual
        }
    }

    public var model: Sidecar.Model
    /// What the network calls the photo.
    public var label: String
    public var probability: Double?
    /// Photos of the index that were compared, and those whose features are not kept.
    public var photos: Int
    public var withoutFeatures: Int
    /// Nearest first; without the photo itself.
    public var neighbours: [Neighbour]
    /// Where labelled photos were given.
    public var representers: Representers?
    /// A JPEG file.
    public var sheet: Data?

    public init(
        model: Sidecar.Model, label: String, probability: Double?, photos: Int, withoutFeatures: Int,
        neighbours: [Neighbour], representers: Representers? = nil, sheet: Data? = nil
    ) {
        self.model = model
        self.label = label
        self.probability = probability
        self.photos = photos
        self.withoutFeatures = withoutFeatures
        self.neighbours = neighbours
        self.representers = representers
        self.sheet = sheet
    }
}
