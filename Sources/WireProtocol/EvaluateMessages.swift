public import Foundation

/// What is true of one photo.
public struct TruePhoto: Codable, Sendable, Hashable {
    /// What is to be found in it.
    public struct Box: Codable, Sendable, Hashable {
        public var bbox: BoundingBox
        /// Whose it is; nil where nobody says.
        public var label: String?
        /// True: shares of the photo's sides instead of pixels.
        public var isRelative: Bool?

        public init(bbox: BoundingBox, label: String? = nil, isRelative: Bool? = nil) {
            self.bbox = bbox
            self.label = label
            self.isRelative = isRelative
        }
    }

    /// So many boxes a photo may have.
    public static let mostBoxes = 10_000

    /// Path of the photo: absolute, or below the request's folder.
    public var file: String
    /// Of a network that tells classes apart, one.
    public var labels: [String]
    /// In pixels of the upright photo.
    public var boxes: [Box]
    /// Pixels of what is to be found.
    public var mask: SegmentResult.RunLengths?

    private enum CodingKeys: String, CodingKey { case file, labels, boxes, mask }

    public init(file: String, labels: [String] = [], boxes: [Box] = [], mask: SegmentResult.RunLengths? = nil) {
        self.file = file
        self.labels = labels
        self.boxes = boxes
        self.mask = mask
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        file = try members.decode(String.self, forKey: .file)
        labels = try members.decodeIfPresent([String].self, forKey: .labels) ?? []
        boxes = try members.decodeIfPresent([Box].self, forKey: .boxes) ?? []
        mask = try members.decodeIfPresent(SegmentResult.RunLengths.self, forKey: .mask)
    }
}

/// Parameters of `evaluate`.
public struct EvaluateParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case model, folder, photos, methods, measures, steps, samples, resamples, seed, charts, perPhoto
    }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// A method, and what it is told.
    public struct Method: Codable, Sendable, Hashable {
        public var name: String
        public var parameters: [String: ExplainParameters.Value]?

        public init(name: String, parameters: [String: ExplainParameters.Value]? = nil) {
            self.name = name
            self.parameters = parameters
        }
    }

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Absolute path that the photos' files are below.
    public var folder: String
    public var photos: [TruePhoto]
    /// The methods whose maps are measured; where nil, those that take one pass and can be used on the network.
    public var methods: [Method]?
    /// Names of ``FaithfulnessMeasure``; none where nil.
    public var measures: [String]?
    /// Of insertion and deletion.
    public var steps: Int?
    /// Perturbations of infidelity and sensitivity.
    public var samples: Int?
    /// Draws of the bootstrap.
    public var resamples: Int?
    public var seed: Int?
    /// Whether to return charts.
    public var charts: Bool?
    /// Whether to return each photo's figures.
    public var perPhoto: Bool?

    public init(
        model: String? = nil, folder: String, photos: [TruePhoto], methods: [Method]? = nil, measures: [String]? = nil,
        steps: Int? = nil, samples: Int? = nil, resamples: Int? = nil, seed: Int? = nil, charts: Bool? = nil,
        perPhoto: Bool? = nil
    ) {
        self.model = model
        self.folder = folder
        self.photos = photos
        self.methods = methods
        self.measures = measures
        self.steps = steps
        self.samples = samples
        self.resamples = resamples
        self.seed = seed
        self.charts = charts
        self.perPhoto = perPhoto
    }
}

/// What can be measured of a map without knowing what is true.
public enum FaithfulnessMeasure: String, Codable, Sendable, CaseIterable {
    case deletion, insertion, drop, increase, road, infidelity, sensitivity, sparseness

    /// For people: what it is, and which way is better.
    public var summary: String {
        switch self {
        case .deletion: "probability while the most relevant pixels go, area under the curve; lower is better"
        case .insertion: "probability while the most relevant pixels come, area under the curve; higher is better"
        case .drop: "share of the probability lost where only the map's part is seen; lower is better"
        case .increase: "share of photos whose probability grows then; higher is better"
        case .road: "least relevant pixels removed minus most relevant removed, halved; higher is better"
        case .infidelity:
            "error in foretelling what removed squares cost, 0 none, 1 as good as saying nothing; lower is better"
        case .sensitivity: "largest change of the map under noise of 0.02, relative to it; lower is better"
        case .sparseness: "Gini index: how few pixels the map is in; neither way is better"
        }
    }
}

/// Result of `evaluate`.
public struct EvaluateResult: Codable, Sendable, Hashable {
    /// How often the labels are right, by the most probable class or, of independent labels, by those that hold.
    public struct Accuracy: Codable, Sendable, Hashable {
        /// Figures of one label.
        public struct Class: Codable, Sendable, Hashable {
            public var label: String
            /// Photos that have it.
            public var count: Int
            /// Share of them that is found.
            public var recall: Estimate?
            /// Share of those that it is found in that have it.
            public var precision: Estimate?

            public init(label: String, count: Int, recall: Estimate?, precision: Estimate?) {
                self.label = label
                self.count = count
                self.recall = recall
                self.precision = precision
            }
        }

        /// Share of photos that are right.
        public var share: Estimate
        /// Mean of the labels' recalls.
        public var balanced: Estimate?
        /// How far probabilities are from how often they come true; nil of raw numbers.
        public var calibrationError: Estimate?
        public var classes: [Class]
        /// [truth][prediction] in the order of `classes`; nil of independent labels.
        public var confusion: [[Int]]?

        public init(
            share: Estimate, balanced: Estimate?, calibrationError: Estimate?, classes: [Class], confusion: [[Int]]?
        ) {
            self.share = share
            self.balanced = balanced
            self.calibrationError = calibrationError
            self.classes = classes
            self.confusion = confusion
        }
    }

    /// How well the maps of one method say where.
    public struct Localization: Codable, Sendable, Hashable {
        /// The method, or the baseline.
        public var method: String
        /// Whether it knows nothing of the photo.
        public var isBaseline: Bool
        /// MaxBoxAcc: the largest region's box meets a true box by half.
        public var maxBoxAccuracy: Estimate?
        /// MaxBoxAccV2: any region's box does, by 0.3, 0.5 and 0.7.
        public var maxBoxAccuracyV2: [Estimate]
        /// The mean of the three.
        public var maxBoxAccuracyV2Mean: Estimate?
        /// The thresholds of the two halves at 0.5, chosen in the other half.
        public var thresholds: [Double]
        /// The same with the box threshold that the model folder has, as the inbox draws boxes; nil of baselines.
        public var ownThreshold: Estimate?
        /// PxAP, of photos with a mask.
        public var pixelAveragePrecision: Estimate?
        public var pointing: Estimate?
        public var energy: Estimate?

        public init(
            method: String, isBaseline: Bool, maxBoxAccuracy: Estimate? = nil, maxBoxAccuracyV2: [Estimate] = [],
            maxBoxAccuracyV2Mean: Estimate? = nil, thresholds: [Double] = [], ownThreshold: Estimate? = nil,
            pixelAveragePrecision: Estimate? = nil, pointing: Estimate? = nil, energy: Estimate? = nil
        ) {
            self.method = method
            self.isBaseline = isBaseline
            self.maxBoxAccuracy = maxBoxAccuracy
            self.maxBoxAccuracyV2 = maxBoxAccuracyV2
            self.maxBoxAccuracyV2Mean = maxBoxAccuracyV2Mean
            self.thresholds = thresholds
            self.ownThreshold = ownThreshold
            self.pixelAveragePrecision = pixelAveragePrecision
            self.pointing = pointing
            self.energy = energy
        }
    }

    /// How well the maps of one method say what the network decides on.
    public struct Faithfulness: Codable, Sendable, Hashable {
        public var method: String
        /// By the measure's name.
        public var measures: [String: Estimate]

        public init(method: String, measures: [String: Estimate]) {
            self.method = method
            self.measures = measures
        }
    }

    /// One photo.
    public struct Photo: Codable, Sendable, Hashable {
        public var file: String
        /// The class explained.
        public var explained: String
        public var predicted: String
        public var probability: Double?
        /// By method, then by the measure's name; `pointing` 0 or 1, `energy`.
        public var measures: [String: [String: Double]]

        public init(
            file: String, explained: String, predicted: String, probability: Double?,
            measures: [String: [String: Double]]
        ) {
            self.file = file
            self.explained = explained
            self.predicted = predicted
            self.probability = probability
            self.measures = measures
        }
    }

    public var model: Sidecar.Model
    /// Photos that were measured.
    public var photos: Int
    /// Photos that could not be, and why; a thousand at most.
    public var skipped: [String: String]
    public var accuracy: Accuracy?
    public var localization: [Localization]
    public var faithfulness: [Faithfulness]
    public var perPhoto: [Photo]?
    /// What a reader should know of the figures.
    public var notes: [String]
    /// By file name, SVG and PNG of each.
    public var charts: [String: Data]?
    public var seconds: Double

    public init(
        model: Sidecar.Model, photos: Int, skipped: [String: String], accuracy: Accuracy? = nil,
        localization: [Localization] = [], faithfulness: [Faithfulness] = [], perPhoto: [Photo]? = nil,
        notes: [String] = [], charts: [String: Data]? = nil, seconds: Double = 0
    ) {
        self.model = model
        self.photos = photos
        self.skipped = skipped
        self.accuracy = accuracy
        self.localization = localization
        self.faithfulness = faithfulness
        self.perPhoto = perPhoto
        self.notes = notes
        self.charts = charts
        self.seconds = seconds
    }
}
