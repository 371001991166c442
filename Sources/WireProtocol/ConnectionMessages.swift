public import Foundation

/// Result of `watch` and `unwatch`.
public struct WatchResult: Codable, Sendable, Hashable {
    /// Whether events are sent on this connection from now on.
    public var watching: Bool

    public init(watching: Bool) {
        self.watching = watching
    }
}

/// Parameters of `cancel`.
public struct CancelParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case id }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// A request of the same connection.
    public var id: RequestID

    public init(id: RequestID) {
        self.id = id
    }
}

/// Result of `cancel`.
public struct CancelResult: Codable, Sendable, Hashable {
    /// False where no such request was in flight: it was answered already, or never made.
    public var cancelled: Bool

    public init(cancelled: Bool) {
        self.cancelled = cancelled
    }
}

/// Parameters of the notification `progress`, which goes to the requester alone.
public struct ProgressNotification: Codable, Sendable, Hashable {
    /// The request that takes so long.
    public var id: RequestID
    /// 0…1.
    public var fraction: Double
    public var message: String?
    /// An estimate from the pace so far.
    public var secondsLeft: Double?
    /// The map as far as it is made, where the request asked for it.
    public var map: PartialMapPayload?

    public init(
        id: RequestID, fraction: Double, message: String? = nil, secondsLeft: Double? = nil,
        map: PartialMapPayload? = nil
    ) {
        self.id = id
        self.fraction = fraction
        self.message = message
        self.secondsLeft = secondsLeft
        self.map = map
    }
}

/// A map that is being made place by place, for drawing: at most ``largestSide`` rows and columns of it.
public struct PartialMapPayload: Codable, Sendable, Hashable {
    public static let largestSide = 64

    public var rows: Int
    public var columns: Int
    /// Row by row; null where nothing is known yet.
    public var values: [Double?]

    public init(rows: Int, columns: Int, values: [Double?]) {
        self.rows = rows
        self.columns = columns
        self.values = values
    }
}

/// Parameters of the notification `event`, which goes to every connection that watches.
public struct Event: Codable, Sendable, Hashable {
    /// What happened. Names may be added; a client passes over those it does not know.
    public struct Name: RawRepresentable, Codable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let photoQueued = Name(rawValue: "photo-queued")
        public static let photoDone = Name(rawValue: "photo-done")
        public static let photoFailed = Name(rawValue: "photo-failed")
    }

    public var event: Name
    public var time: Date
    /// The photo.
    public var path: String?
    public var model: String?
    /// The most probable class.
    public var label: String?
    /// That class's probability, 0…1.
    public var probability: Double?
    /// How many boxes were found.
    public var boxes: Int?
    /// Whether the network looks at the animal, as ``Sidecar/Verdict/verdict`` says it; nil where nobody judged.
    public var verdict: String?
    /// Whether a person should look at the photo.
    public var doubtful: Bool?
    public var error: String?
    public var warning: String?
    /// How many events before this one were lost because the client did not read them in time; absent where none.
    public var dropped: Int?

    public init(
        _ event: Name, time: Date = Date(), path: String? = nil, model: String? = nil, label: String? = nil,
        probability: Double? = nil, boxes: Int? = nil, verdict: String? = nil, doubtful: Bool? = nil,
        error: String? = nil, warning: String? = nil
    ) {
        self.event = event
        self.time = time
        self.path = path
        self.model = model
        self.label = label
        self.probability = probability
        self.boxes = boxes
        self.verdict = verdict
        self.doubtful = doubtful
        self.error = error
        self.warning = warning
    }
}
