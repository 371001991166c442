/// Parameters of `convert`: which network gets a new head, and the labelled photos it is trained on.
public struct ConvertParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, photos, corrections, labels, seed }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Absolute path of a folder with one folder a class; the folders' names are the labels. May be left out with
    /// ``corrections``.
    public var photos: String?
    /// Whether the photos of the inbox that people have answered about count too, or alone where ``photos`` is nil.
    public var corrections: Bool?
    /// Which labels, and in which order the classes come; all of them in the network's own order, or by name, where nil.
    public var labels: [String]?
    /// Of the split into training and held-out photos.
    public var seed: Int?

    public init(
        model: String? = nil, photos: String?, corrections: Bool? = nil, labels: [String]? = nil, seed: Int? = nil
    ) {
        self.model = model
        self.photos = photos
        self.corrections = corrections
        self.labels = labels
        self.seed = seed
    }
}

/// Result of `convert`: how good the new network is, and which files its folder has; they come ahead of it in parts.
public struct ConvertResult: Codable, Sendable, Hashable {
    /// What one head makes of the held-out photos.
    public struct Quality: Codable, Sendable, Hashable {
        /// Share of held-out photos that are right, 0…1.
        public var accuracy: Double
        /// The same for each class, by label.
        public var byClass: [String: Double]
        /// [truth][prediction], in the order of `labels`.
        public var confusion: [[Int]]

        public init(accuracy: Double, byClass: [String: Double], confusion: [[Int]]) {
            self.accuracy = accuracy
            self.byClass = byClass
            self.confusion = confusion
        }
    }

    public var labels: [String]
    public var photos: Int
    public var heldOut: Int
    /// Photos that could not be read, and why.
    public var skipped: [String: String]
    /// The old head on the held-out photos; nil where its classes are others.
    public var before: Quality?
    /// A head trained without them.
    public var after: Quality
    /// The L2 penalty chosen.
    public var penalty: Double
    public var seconds: Double
    /// The files of the new model folder, in the order in which they were sent.
    public var files: [SentFile]

    public init(
        labels: [String], photos: Int, heldOut: Int, skipped: [String: String], before: Quality?, after: Quality,
        penalty: Double, seconds: Double, files: [SentFile]
    ) {
        self.labels = labels
        self.photos = photos
        self.heldOut = heldOut
        self.skipped = skipped
        self.before = before
        self.after = after
        self.penalty = penalty
        self.seconds = seconds
        self.files = files
    }
}
