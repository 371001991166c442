/// Parameters of `concept`: which photos show a concept, and of which class and layer the question is.
public struct ConceptParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case photos, against, examples, layer, runs, seed, model
        case classLabel = "class"
    }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Absolute path of a folder with photos of the concept.
    public var photos: String
    /// Of a folder with random photos, at least twice as many as each run takes.
    public var against: String
    /// Of a folder with photos of the class; those of the index that were decided for it where nil.
    public var examples: String?
    /// A label, or an index where no label reads so.
    public var classLabel: String
    /// By its name in `models`, or its node's.
    public var layer: String
    /// How many random splits, 2 to 100; 10 where nil.
    public var runs: Int?
    /// Of the splits.
    public var seed: Int?
    /// May be left out where one model is loaded or one is the default.
    public var model: String?

    public init(
        photos: String, against: String, examples: String? = nil, classLabel: String, layer: String, runs: Int? = nil,
        seed: Int? = nil, model: String? = nil
    ) {
        self.photos = photos
        self.against = against
        self.examples = examples
        self.classLabel = classLabel
        self.layer = layer
        self.runs = runs
        self.seed = seed
        self.model = model
    }
}

/// Result of `concept`.
public struct ConceptResult: Codable, Sendable, Hashable {
    /// The TCAV scores of the runs.
    public struct Scores: Codable, Sendable, Hashable {
        /// Shares of the class's photos whose score grows towards the direction, 0…1.
        public var values: [Double]
        public var mean: Double
        /// Mean of how often held-out photos lie on their side, 0…1.
        public var heldOutAccuracy: Double

        public init(values: [Double], mean: Double, heldOutAccuracy: Double) {
            self.values = values
            self.mean = mean
            self.heldOutAccuracy = heldOutAccuracy
        }
    }

    public var model: Sidecar.Model
    public var classLabel: String
    public var layer: String
    /// Photos: of the class, of the concept and of random ones in each run.
    public var examples: Int
    public var perRun: Int
    /// Of directions from random photos to the concept's.
    public var concept: Scores
    /// Of directions from random photos to other random ones.
    public var random: Scores
    /// Two-sided t-test of the two; `probability` that means as different come by chance.
    public var probability: Double
    /// Whether that is below 0.05.
    public var isSignificant: Bool
    /// Whether every fit ran to its optimum.
    public var isConverged: Bool
    /// Why photos were passed over, by path.
    public var skipped: [String: String]

    enum CodingKeys: String, CodingKey {
        case model, layer, examples, perRun, concept, random, probability, isSignificant, isConverged, skipped
        case classLabel = "class"
    }

    public init(
        model: Sidecar.Model, classLabel: String, layer: String, examples: Int, perRun: Int, concept: Scores,
        random: Scores, probability: Double, isSignificant: Bool, isConverged: Bool, skipped: [String: String]
    ) {
        self.model = model
        self.classLabel = classLabel
        self.layer = layer
        self.examples = examples
        self.perRun = perRun
        self.concept = concept
        self.random = random
        self.probability = probability
        self.isSignificant = isSignificant
        self.isConverged = isConverged
        self.skipped = skipped
    }
}
