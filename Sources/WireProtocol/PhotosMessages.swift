public import Foundation

/// How far a photo of the inbox is.
public enum PhotoState: String, Codable, Sendable, Hashable, CaseIterable {
    case pending, working, done, failed
}

/// Parameters of `photos`. What is nil does not matter.
public struct PhotosParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case state, label, verdict, minProbability, maxProbability, since, until, doubtful, folder, words, order,
            offset, limit
    }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// In which order photos come.
    public enum Order: String, Codable, Sendable, Hashable, CaseIterable {
        /// What something happened to last comes first.
        case latest
        /// The smallest margin comes first.
        case leastCertain = "least-certain"
        /// By the verdict, `looks-elsewhere` first, then `looks-partly`, `undecided` and the rest; among equals as
        /// ``leastCertain``.
        case mostDoubtful = "most-doubtful"
    }

    /// Only photos in this state.
    public var state: PhotoState?
    /// Only photos whose most probable class this is, or that have a box of it.
    public var label: String?
    /// Only photos with this verdict: `looks-at-animal`, `looks-partly`, `looks-elsewhere` or `undecided`.
    public var verdict: String?
    /// Bounds of the most probable class's probability, 0…1, both inclusive.
    public var minProbability: Double?
    public var maxProbability: Double?
    /// When something last happened to the photo: from `since` on and before `until`.
    public var since: Date?
    public var until: Date?
    /// Whether a person should look at it.
    public var doubtful: Bool?
    /// Absolute path: the photos in it and below it.
    public var folder: String?
    /// Between spaces; all of them are in the photo's path below the inbox, in upper or lower case.
    public var words: String?
    /// ``Order/latest`` where nil.
    public var order: Order?
    /// So many are passed over.
    public var offset: Int?
    /// At most so many.
    public var limit: Int?

    public init(
        state: PhotoState? = nil, label: String? = nil, verdict: String? = nil, minProbability: Double? = nil,
        maxProbability: Double? = nil, since: Date? = nil, until: Date? = nil, doubtful: Bool? = nil,
        folder: String? = nil, words: String? = nil, order: Order? = nil, offset: Int? = nil, limit: Int? = nil
    ) {
        self.state = state
        self.label = label
        self.verdict = verdict
        self.minProbability = minProbability
        self.maxProbability = maxProbability
        self.since = since
        self.until = until
        self.doubtful = doubtful
        self.folder = folder
        self.words = words
        self.order = order
        self.offset = offset
        self.limit = limit
    }
}

/// One photo in the result of `photos`.
public struct PhotoRecord: Codable, Sendable, Hashable {
    public var path: String
    public var state: PhotoState
    /// When the state last changed.
    public var updated: Date
    /// Why it failed.
    public var error: String?
    /// What a person should know although it did not fail.
    public var warning: String?
    /// How many boxes were found.
    public var boxes: Int?
    /// The most probable class.
    public var label: String?
    /// Other classes that have boxes; nil where there is none.
    public var furtherLabels: [String]?
    /// The most probable class's probability, 0…1.
    public var probability: Double?
    /// From that probability to the next class's, or to an independent label's threshold, 0…1.
    public var margin: Double?
    /// Whether the network looks at the animal, as ``Sidecar/Verdict/verdict`` says it.
    public var verdict: String?
    /// Whether a person should look at it; nil where nothing was judged.
    public var doubtful: Bool?
    /// What a person has answered: `yes`, `no` or `wrong-box`.
    public var correction: String?

    public init(
        path: String, state: PhotoState, updated: Date, error: String? = nil, warning: String? = nil,
        boxes: Int? = nil, label: String? = nil, furtherLabels: [String]? = nil, probability: Double? = nil,
        margin: Double? = nil, verdict: String? = nil, doubtful: Bool? = nil, correction: String? = nil
    ) {
        self.path = path
        self.state = state
        self.updated = updated
        self.error = error
        self.warning = warning
        self.boxes = boxes
        self.label = label
        self.furtherLabels = furtherLabels
        self.probability = probability
        self.margin = margin
        self.verdict = verdict
        self.doubtful = doubtful
        self.correction = correction
    }
}
