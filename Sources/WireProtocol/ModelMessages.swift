/// Parameters of `models`.
public struct ModelsParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, layers }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Only this model; all where nil.
    public var model: String?
    /// Whether to list the layers too.
    public var layers: Bool?

    public init(model: String? = nil, layers: Bool? = nil) {
        self.model = model
        self.layers = layers
    }
}

/// Result of `models`.
public struct ModelsResult: Codable, Sendable, Hashable {
    /// A model folder that cannot be used.
    public struct Refused: Codable, Sendable, Hashable {
        public var name: String
        public var path: String
        /// Which file is at fault, and what is wrong with it.
        public var error: String

        public init(name: String, path: String, error: String) {
            self.name = name
            self.path = path
            self.error = error
        }
    }

    public var models: [ModelDescription]
    public var refused: [Refused]
    /// What a person should know of them together, as in `status`; nil from a daemon that does not say.
    public var notices: [String]?

    public init(models: [ModelDescription], refused: [Refused], notices: [String]? = nil) {
        self.models = models
        self.refused = refused
        self.notices = notices
    }
}

/// One network in the result of `models`.
public struct ModelDescription: Codable, Sendable, Hashable {
    /// The network's input.
    public struct Input: Codable, Sendable, Hashable {
        public var name: String
        /// [N,C,H,W]; null where the network takes any extent.
        public var shape: [Int?]

        public init(name: String, shape: [Int?]) {
            self.name = name
            self.shape = shape
        }
    }

    /// Memory of one pass in bytes, weights not counted.
    public struct PlanBytes: Codable, Sendable, Hashable {
        public var forward: Int
        /// Nil where the network cannot be differentiated.
        public var gradient: Int?

        public init(forward: Int, gradient: Int?) {
            self.forward = forward
            self.gradient = gradient
        }
    }

    /// One layer of the network.
    public struct Layer: Codable, Sendable, Hashable {
        public var name: String
        /// What it computes, such as `convolution` or `max pooling`.
        public var `operator`: String
        /// Shape of its output for a photo as the model folder prepares it.
        public var shape: [Int?]
        /// Longer side of the window of input pixels that one output value sees; nil where it sees all of them, or
        /// where places see windows of different sizes.
        public var receptiveField: Int?
        /// Whether class activation maps are read from this layer.
        public var isCAMLayer: Bool

        public init(name: String, operator: String, shape: [Int?], receptiveField: Int?, isCAMLayer: Bool) {
            self.name = name
            self.operator = `operator`
            self.shape = shape
            self.receptiveField = receptiveField
            self.isCAMLayer = isCAMLayer
        }
    }

    /// One output of the network.
    public struct Output: Codable, Sendable, Hashable {
        public var name: String
        /// For one photo; nil where it could not be worked out.
        public var shape: [Int]?

        public init(name: String, shape: [Int]?) {
            self.name = name
            self.shape = shape
        }
    }

    /// What the class scores of a network mean.
    public struct Scores: Codable, Sendable, Hashable {
        /// `exclusive` (softmax: one class holds), `independent` (sigmoid: each label holds or not) or `raw` (numbers without a
        /// probability).
        public var kind: String
        /// Where that is known from.
        public var reason: String
        /// Whether nothing said so.
        public var isAssumed: Bool
        /// The output that they are read from.
        public var output: String
        /// Of independent labels, by index: the probability from which on each holds.
        public var thresholds: [Double]?

        public init(kind: String, reason: String, isAssumed: Bool, output: String, thresholds: [Double]?) {
            self.kind = kind
            self.reason = reason
            self.isAssumed = isAssumed
            self.output = output
            self.thresholds = thresholds
        }
    }

    public var name: String
    /// The folder or file it was loaded from.
    public var path: String
    /// Of `model.onnx`, in hexadecimal.
    public var sha256: String
    /// Whether requests that name no model mean this one.
    public var isDefault: Bool
    /// Class labels by index.
    public var labels: [String]
    /// Labels that mean "nothing to find": they never get a box.
    public var backgroundLabels: [String]
    /// Of a segmentation network, the labels that together are the animal; nil where it is no animal network.
    public var animalLabels: [String]?
    /// Of a classifier that gives a second opinion on an animal's name, the probability below which it doubts it; nil where it
    /// gives none.
    public var doubtBelow: Double?
    public var input: Input
    /// `classification`, `segmentation`, or `features` for what gives neither; nil from a daemon that does not say.
    public var task: String?
    public var outputs: [Output]?
    /// Of a classifier.
    public var scores: Scores?
    /// What a person should know of it.
    public var remarks: [String]?
    /// What `check` says of it without a photo; nil from a daemon that does not say.
    public var facts: [String]?
    /// What `check` has found of this network, by method: `passes`, `passes in part` or `FAILS`. Empty where nobody has asked;
    /// nil from a daemon that does not say.
    public var checks: [String: String]?
    /// Number of weights.
    public var parameters: Int
    /// For a photo as the model folder prepares it; nil where the network cannot take such an input.
    public var planBytes: PlanBytes?
    /// The layer class activation maps are read from; nil where the head does not allow them.
    public var camLayer: String?
    /// Names of the explanation methods that work with this network.
    public var methods: [String]
    /// In order of execution; nil unless asked for.
    public var layers: [Layer]?

    public init(
        name: String, path: String, sha256: String, isDefault: Bool, labels: [String], backgroundLabels: [String],
        animalLabels: [String]? = nil, doubtBelow: Double? = nil, input: Input, task: String? = nil,
        outputs: [Output]? = nil,
        scores: Scores? = nil, remarks: [String]? = nil, facts: [String]? = nil,
        checks: [String: String]? = nil, parameters: Int, planBytes: PlanBytes?, camLayer: String?, methods: [String],
        layers: [Layer]? = nil
    ) {
        self.name = name
        self.path = path
        self.sha256 = sha256
        self.isDefault = isDefault
        self.labels = labels
        self.backgroundLabels = backgroundLabels
        self.animalLabels = animalLabels
        self.doubtBelow = doubtBelow
        self.input = input
        self.task = task
        self.outputs = outputs
        self.scores = scores
        self.remarks = remarks
        self.facts = facts
        self.checks = checks
        self.parameters = parameters
        self.planBytes = planBytes
        self.camLayer = camLayer
        self.methods = methods
        self.layers = layers
    }
}

/// One explanation method in the result of `methods`; every member is a sentence for a person but the name and the
/// parameters.
public struct MethodDescription: Codable, Sendable, Hashable {
    /// What `explain` takes in `parameters` with this method.
    public struct Parameter: Codable, Sendable, Hashable {
        public var name: String
        /// `whole-number`, `number`, `choice`, `fill` (what is painted into the image) or `layer` (a layer's name).
        public var kind: String
        /// Bounds of a number, themselves allowed; nil where there is none or where it depends on the image.
        public var minimum: Double?
        public var maximum: Double?
        /// The words of a choice.
        public var choices: [String]?
        /// What holds where it is left out: a value, or of a number or layer a phrase where it depends on the image, the
        /// network or other parameters.
        public var `default`: ExplainParameters.Value?
        /// What it is, in which unit.
        public var summary: String

        public init(
            name: String, kind: String, minimum: Double? = nil, maximum: Double? = nil, choices: [String]? = nil,
            default: ExplainParameters.Value? = nil, summary: String
        ) {
            self.name = name
            self.kind = kind
            self.minimum = minimum
            self.maximum = maximum
            self.choices = choices
            self.default = `default`
            self.summary = summary
        }
    }

    /// What `explain` takes as `method`.
    public var name: String
    public var summary: String
    /// Passes over the network.
    public var cost: String
    /// What the network must have for it.
    public var needs: String
    /// What its picture does not show.
    public var caveat: String
    /// Whether its picture depends on what the network has learned: the randomization check of Adebayo et al. 2018, and who
    /// found it.
    public var randomization: String
    /// Author, year, title.
    public var paper: String
    /// In the order in which they are listed to people; none where the method has nothing to be told.
    public var parameters: [Parameter]

    public init(
        name: String, summary: String, cost: String, needs: String, caveat: String, randomization: String,
        paper: String, parameters: [Parameter] = []
    ) {
        self.name = name
        self.summary = summary
        self.cost = cost
        self.needs = needs
        self.caveat = caveat
        self.randomization = randomization
        self.paper = paper
        self.parameters = parameters
    }
}
