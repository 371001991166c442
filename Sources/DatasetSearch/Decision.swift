/// How a network decided about a photo: what it said, where it saw that, and what it read at last. Read from the pass that
/// judges the photo.
public struct Decision: Sendable, Hashable {
    public var classIndex: Int
    /// Of the class, 0…1; nil where the network gives no probabilities.
    public var probability: Double?
    /// Seconds since 1970.
    public var time: Double
    /// Where something speaks for the class.
    public var map: EvidenceMap?
    /// What the linear layer behind the scores reads [C]; nil where the network ends otherwise.
    public var features: [Float]?
    /// What the verdict says; nil where there is none.
    public var verdict: Verdict?
    /// Maker and model as the photo's metadata say.
    public var camera: String?

    public init(
        classIndex: Int, probability: Double?, time: Double, map: EvidenceMap? = nil, features: [Float]? = nil,
        verdict: Verdict? = nil, camera: String? = nil
    ) {
        self.classIndex = classIndex
        self.probability = probability
        self.time = time
        self.map = map
        self.features = features
        self.verdict = verdict
        self.camera = camera
    }

    /// A map over the upright photo, whatever part of it the network saw and however wide the photo is.
    public struct EvidenceMap: Sendable, Hashable {
        /// Rows, and columns.
        public static let side = 16

        /// The method that it is from.
        public var method: String
        /// [side, side], 0 or above: a cell is the mean over its part of the photo, 0 where the network saw nothing of it.
        public var values: [Float]

        public init(method: String, values: [Float]) {
            precondition(values.count == Self.side * Self.side, "a map has \(Self.side)×\(Self.side) values")
            self.method = method
            self.values = values
        }
    }

    /// What is kept of a verdict.
    public struct Verdict: Sendable, Hashable {
        public var word: String
        public var reasons: [String]
        /// Of the evidence on the animal, 0…1, in the median of the methods; and of the photo that the animal covers.
        public var share: Double?
        public var expectedShare: Double?

        public init(word: String, reasons: [String], share: Double?, expectedShare: Double?) {
            self.word = word
            self.reasons = reasons
            self.share = share
            self.expectedShare = expectedShare
        }
    }
}
