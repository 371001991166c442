/// Parameters of `check`.
public struct CheckParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, photos, methods, seed }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Absolute paths of photos to try the methods on; without them only what needs none is said.
    public var photos: [String]?
    /// Only these methods; all where nil.
    public var methods: [String]?
    /// Of the random weights.
    public var seed: Int?

    public init(model: String? = nil, photos: [String]? = nil, methods: [String]? = nil, seed: Int? = nil) {
        self.model = model
        self.photos = photos
        self.methods = methods
        self.seed = seed
    }
}

/// Result of `check`: what should be known of a network before its explanations are believed.
public struct CheckResult: Codable, Sendable, Hashable {
    /// How one method fares on this network.
    public struct Method: Codable, Sendable, Hashable {
        public var name: String
        /// Why it cannot be used; nil where it can.
        public var obstacle: String?
        /// Of one explanation, the shortest seen.
        public var milliseconds: Double?
        /// Activations of one of its passes in bytes, weights not counted.
        public var passBytes: Int?
        /// Rank correlation of its map with the trained network's, where as many upper layers are random as `randomized` says.
        public var correlations: [Double]?
        /// Structural similarity likewise; none where maps are too small.
        public var similarities: [Double]?
        /// By the correlation where the upper half is random: `passes`, `passes in part` or `FAILS`.
        public var verdict: String?

        public init(
            name: String, obstacle: String? = nil, milliseconds: Double? = nil, passBytes: Int? = nil,
            correlations: [Double]? = nil, similarities: [Double]? = nil, verdict: String? = nil
        ) {
            self.name = name
            self.obstacle = obstacle
            self.milliseconds = milliseconds
            self.passBytes = passBytes
            self.correlations = correlations
            self.similarities = similarities
            self.verdict = verdict
        }
    }

    public var model: Sidecar.Model
    /// What is known without a photo: preprocessing, receptive field, calibration, the head's balance.
    public var facts: [String]
    /// Photos that the methods were tried on.
    public var photos: Int
    /// Layers with weights, from the classifier down.
    public var layers: [String]
    /// How many of them were random at each step.
    public var randomized: [Int]
    public var methods: [Method]
    public var seconds: Double

    public init(
        model: Sidecar.Model, facts: [String], photos: Int, layers: [String], randomized: [Int], methods: [Method],
        seconds: Double
    ) {
        self.model = model
        self.facts = facts
        self.photos = photos
        self.layers = layers
        self.randomized = randomized
        self.methods = methods
        self.seconds = seconds
    }
}
