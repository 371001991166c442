/// A photo of an audit: how it was decided, and where the evidence lay.
public struct AuditedPhoto: Sendable {
    /// Over the upright photo [side, side], 0 or above.
    public var map: [Float]
    public var classIndex: Int
    /// What took or brought the photo: the camera's name, or the folder it came in.
    public var origin: String
    public var verdict: Verdict?

    /// What the audit reads of a verdict.
    public struct Verdict: Sendable, Hashable {
        /// Whether it says that the network looks elsewhere than at the animal.
        public var looksElsewhere: Bool
        /// Whether it says that a small spot of the animal decides.
        public var smallSpotDecides: Bool
        /// Of the evidence on the animal, 0…1, and of the photo that the animal covers.
        public var share: Double?
        public var expectedShare: Double?

        public init(looksElsewhere: Bool, smallSpotDecides: Bool, share: Double?, expectedShare: Double?) {
            self.looksElsewhere = looksElsewhere
            self.smallSpotDecides = smallSpotDecides
            self.share = share
            self.expectedShare = expectedShare
        }

        /// Less of the evidence lies on the animal than a map would have there that knows nothing of it; or the network looks
        /// elsewhere anyway.
        var isOffAnimal: Bool {
            if let share, let expectedShare, share < expectedShare { return true }
            return looksElsewhere
        }
    }

    public init(map: [Float], classIndex: Int, origin: String, verdict: Verdict?) {
        self.map = map
        self.classIndex = classIndex
        self.origin = origin
        self.verdict = verdict
    }

    /// The map as a point: the square roots of its cells' shares. The Euclidean distance of two such points is Hellinger's of
    /// the two distributions, so that neither one strong cell nor the score's size rules it.
    var point: [Float] {
        let sum = map.reduce(0, +)
        return map.map { sum > 0 ? ($0 / sum).squareRoot() : 0 }
    }
}
