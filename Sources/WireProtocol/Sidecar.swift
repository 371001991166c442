/// What the daemon found in one photo: the content of `IMG_1.jpg.boxes.json` and the core of `explain`'s result.
public struct Sidecar: Codable, Sendable, Hashable {
    /// The upright photo.
    public struct Photo: Codable, Sendable, Hashable {
        /// File name without folder; nil where the photo came as bytes.
        public var file: String?
        /// Pixels.
        public var width: Int
        /// Pixels.
        public var height: Int
        /// Of the file, in hexadecimal.
        public var sha256: String
        /// Where the file is damaged and the picture not all there.
        public var damage: Damage?

        public init(file: String?, width: Int, height: Int, sha256: String, damage: Damage? = nil) {
            self.file = file
            self.width = width
            self.height = height
            self.sha256 = sha256
            self.damage = damage
        }

        /// What is wrong with a photo that could be read all the same.
        public struct Damage: Codable, Sendable, Hashable {
            /// `rows-missing`, `coarse` or `wrong-data`.
            public var kind: String
            /// The same in one sentence.
            public var sentence: String
            /// The part of the upright photo that the file does not have: no box reaches into it. Nil where all of the
            /// picture is there.
            public var missing: BoundingBox?

            public init(kind: String, sentence: String, missing: BoundingBox? = nil) {
                self.kind = kind
                self.sentence = sentence
                self.missing = missing
            }
        }
    }

    /// The network that was asked.
    public struct Model: Codable, Sendable, Hashable {
        public var name: String
        /// Of `model.onnx`, in hexadecimal.
        public var sha256: String
        /// What its scores mean: `independent` labels (sigmoid) or `raw` numbers; nil for exclusive classes (softmax), and
        /// for what is no classifier.
        public var outputs: String?

        public init(name: String, sha256: String, outputs: String? = nil) {
            self.name = name
            self.sha256 = sha256
            self.outputs = outputs
        }
    }

    /// One class and how strongly the network speaks for it.
    public struct Prediction: Codable, Sendable, Hashable {
        public var label: String
        /// Before softmax or sigmoid.
        public var score: Double
        /// After it, 0…1; nil where the scores are raw numbers.
        public var probability: Double?
        /// Whether an independent label's probability reaches its threshold; nil of other scores.
        public var holds: Bool?

        public init(label: String, score: Double, probability: Double?, holds: Bool? = nil) {
            self.label = label
            self.score = score
            self.probability = probability
            self.holds = holds
        }
    }

    /// Where an object was found.
    public struct Box: Codable, Sendable, Hashable {
        /// The method that boxes from a segmentation network name.
        public static let segmentation = "segmentation"

        public var label: String
        /// 0…1: the label's probability times the region's strength; the latter alone where the network gives raw numbers.
        public var score: Double
        public var bbox: BoundingBox
        /// The method whose map the box was cut from.
        public var method: String

        public init(label: String, score: Double, bbox: BoundingBox, method: String) {
            self.label = label
            self.score = score
            self.bbox = bbox
            self.method = method
        }
    }

    /// For older readers, who do not know ``Verdict``: what the box has to do with the decision, the class's probability
    /// after hiding parts of the photo, 0…1 each.
    public struct Evidence: Codable, Sendable, Hashable {
        /// With nothing hidden.
        public var probability: Double
        /// With the box hidden.
        public var boxHidden: Double
        /// With as much hidden elsewhere; nil where the rest of the photo is smaller than the box.
        public var elsewhereHidden: Double?
        /// With everything but the box hidden.
        public var onlyBox: Double
        /// The verdict's word, as it was called before: `decides-on-box`, `decides-partly` or `decides-elsewhere`.
        public var verdict: String
        /// The same in one sentence.
        public var sentence: String?

        public init(
            probability: Double, boxHidden: Double, elsewhereHidden: Double?, onlyBox: Double, verdict: String,
            sentence: String? = nil
        ) {
            self.probability = probability
            self.boxHidden = boxHidden
            self.elsewhereHidden = elsewhereHidden
            self.onlyBox = onlyBox
            self.verdict = verdict
            self.sentence = sentence
        }
    }

    /// What a network calls one of several animals, seen by itself with the others hidden.
    public struct Animal: Codable, Sendable, Hashable {
        public var label: String
        /// 0…1.
        public var probability: Double
        /// Around the animal as somebody saw it who did not ask the classifier.
        public var bbox: BoundingBox

        public init(label: String, probability: Double, bbox: BoundingBox) {
            self.label = label
            self.probability = probability
            self.bbox = bbox
        }
    }

    /// A second look at a part of the photo, taken where the network found nothing in the whole of it.
    public struct CloserLook: Codable, Sendable, Hashable {
        /// The part; the sidecar's predictions are the network's about it alone.
        public var bbox: BoundingBox
        /// What the network said about the whole photo.
        public var wholePhoto: [Prediction]

        public init(bbox: BoundingBox, wholePhoto: [Prediction]) {
            self.bbox = bbox
            self.wholePhoto = wholePhoto
        }
    }

    /// How the class fares while a window of the photo is hidden; where the daemon is configured to find out.
    public struct Occlusion: Codable, Sendable, Hashable {
        /// Side of the window, and from one to the next, in pixels of the network's input.
        public var window: Int
        public var stride: Int
        /// How often the network was asked.
        public var windows: Int
        /// The class's probability with nothing hidden, and with the worst window hidden, 0…1; nil of raw numbers.
        public var probability: Double?
        public var lowestProbability: Double?
        /// The same of a score, of raw numbers.
        public var score: Double?
        public var lowestScore: Double?
        /// The worst window.
        public var bbox: BoundingBox

        public init(
            window: Int, stride: Int, windows: Int, probability: Double?, lowestProbability: Double?,
            score: Double? = nil, lowestScore: Double? = nil, bbox: BoundingBox
        ) {
            self.window = window
            self.stride = stride
            self.windows = windows
            self.probability = probability
            self.lowestProbability = lowestProbability
            self.score = score
            self.lowestScore = lowestScore
            self.bbox = bbox
        }
    }

    /// Version of this format.
    public static let currentVersion = 1

    public var version: Int
    /// ``SidecarKind/writer`` in a file that the daemon wrote; nil in answers, and in files of older daemons.
    public var writtenBy: String?
    /// Tells the networks that judged a photo of the inbox, and all that their folders say of them, from others; nil
    /// elsewhere.
    public var judge: String?
    /// Nil where the input was a tensor.
    public var photo: Photo?
    public var model: Model
    /// Most probable class first; of independent labels all that hold are there.
    public var predictions: [Prediction]
    /// Those of the first label, then the others, strongest first; empty where there is nothing to find.
    public var boxes: [Box]
    /// Each of several animals by itself, largest first; nil where there is one, and where labels do not exclude one another.
    public var animals: [Animal]?
    /// Nil where the whole photo decided.
    public var closerLook: CloserLook?
    public var evidence: Evidence?
    /// Nil where the network gives raw numbers, and where nobody judged.
    public var verdict: Verdict?
    /// Nil where no segmentation network looked at the photo.
    public var segmentation: Segmentation?
    public var occlusion: Occlusion?
    /// What a reader of the numbers should know.
    public var note: String?
    public var files: Files?
    /// Milliseconds by step (`decode`, `forward`, `explain`, `animal`, `verdict`, `render`, …) and in `total`.
    public var milliseconds: [String: Double]

    public init(
        version: Int = Sidecar.currentVersion, photo: Photo?, model: Model, predictions: [Prediction], boxes: [Box],
        animals: [Animal]? = nil, closerLook: CloserLook? = nil, evidence: Evidence? = nil, verdict: Verdict? = nil,
        occlusion: Occlusion? = nil,
        note: String? = nil,
        files: Files? = nil,
        milliseconds: [String: Double]
    ) {
        self.version = version
        self.photo = photo
        self.model = model
        self.predictions = predictions
        self.boxes = boxes
        self.animals = animals
        self.closerLook = closerLook
        self.evidence = evidence
        self.verdict = verdict
        self.occlusion = occlusion
        self.note = note
        self.files = files
        self.milliseconds = milliseconds
    }
}

/// A rectangle as COCO writes it, `[x, y, width, height]`: pixels of the upright photo, origin top left.
public struct BoundingBox: Codable, Sendable, Hashable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// Area of the intersection over the area of the union, 0…1.
    public func intersectionOverUnion(_ other: BoundingBox) -> Double {
        let w = min(x + width, other.x + other.width) - max(x, other.x)
        let h = min(y + height, other.y + other.height) - max(y, other.y)
        guard w > 0, h > 0 else { return 0 }
        return w * h / (width * height + other.width * other.height - w * h)
    }

    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        x = try container.decode(Double.self)
        y = try container.decode(Double.self)
        width = try container.decode(Double.self)
        height = try container.decode(Double.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(x)
        try container.encode(y)
        try container.encode(width)
        try container.encode(height)
    }
}
