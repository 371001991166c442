public import Foundation

/// Parameters of `correct`: what a person says of a photo of the inbox.
public struct CorrectParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case photo, answer, label, bbox }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    public enum Answer: String, Codable, Sendable, Hashable, CaseIterable {
        /// Label and box are right.
        case yes
        /// The label is wrong; `label` has the right one.
        case no
        /// The label is right and the box is not; `bbox` has the right one.
        case wrongBox = "wrong-box"
        /// What was said before is taken back.
        case withdraw
    }

    /// Absolute path.
    public var photo: String
    public var answer: Answer
    /// What the photo shows; the network's label where nil.
    public var label: String?
    /// Where, in pixels of the upright photo; with `yes`, the network's first box where nil.
    public var bbox: BoundingBox?

    public init(photo: String, answer: Answer, label: String? = nil, bbox: BoundingBox? = nil) {
        self.photo = photo
        self.answer = answer
        self.label = label
        self.bbox = bbox
    }
}

/// What a person has said of a photo.
public struct Correction: Codable, Sendable, Hashable {
    /// A box beside the first, and what is in it.
    public struct LabelledBox: Codable, Sendable, Hashable {
        public var label: String
        public var bbox: BoundingBox

        public init(label: String, bbox: BoundingBox) {
            self.label = label
            self.bbox = bbox
        }
    }

    /// Absolute path, as it was when the person answered.
    public var photo: String
    /// Of the photo's bytes, which the answer belongs to.
    public var sha256: String
    /// `yes`, `no` or `wrong-box`.
    public var answer: String
    /// What the photo shows.
    public var label: String
    /// Where, in pixels of the upright photo; nil where there is nothing to find.
    public var bbox: BoundingBox?
    /// The other boxes, where all of them are right; nil where there are none.
    public var furtherBoxes: [LabelledBox]?
    /// Of the upright photo, in pixels.
    public var width: Int
    public var height: Int
    /// What the network said, and which.
    public var predicted: String?
    public var model: String?
    public var time: Date

    public init(
        photo: String, sha256: String, answer: String, label: String, bbox: BoundingBox?,
        furtherBoxes: [LabelledBox]? = nil, width: Int, height: Int, predicted: String?, model: String?, time: Date
    ) {
        self.photo = photo
        self.sha256 = sha256
        self.answer = answer
        self.label = label
        self.bbox = bbox
        self.furtherBoxes = furtherBoxes
        self.width = width
        self.height = height
        self.predicted = predicted
        self.model = model
        self.time = time
    }
}

/// Result of `correct`.
public struct CorrectResult: Codable, Sendable, Hashable {
    /// What is kept now; nil where it was taken back.
    public var correction: Correction?
    /// Of `withdraw`, whether there was anything to take back.
    public var wasKept: Bool?

    public init(correction: Correction?, wasKept: Bool? = nil) {
        self.correction = correction
        self.wasKept = wasKept
    }
}

/// Parameters of `corrections`.
public struct CorrectionsParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case photo, present, format }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// What files of labelled photos look like.
    public enum Format: String, Codable, Sendable, Hashable, CaseIterable {
        /// What `interpretctl evaluate` reads.
        case truth
        case csv
        case coco
    }

    /// Only of this photo, by its absolute path.
    public var photo: String?
    /// True: only of photos that lie where they lay, with the bytes that the person saw.
    public var present: Bool?
    /// As a file, besides.
    public var format: Format?

    public init(photo: String? = nil, present: Bool? = nil, format: Format? = nil) {
        self.photo = photo
        self.present = present
        self.format = format
    }
}

/// Result of `corrections`.
public struct CorrectionsResult: Codable, Sendable, Hashable {
    /// Earliest answer first.
    public var corrections: [Correction]
    /// How often each answer was given.
    public var counts: [String: Int]
    /// The file that was asked for; photos are named by their paths below the inbox.
    public var file: String?

    public init(corrections: [Correction], counts: [String: Int], file: String? = nil) {
        self.corrections = corrections
        self.counts = counts
        self.file = file
    }
}
