/// Parameters of `redo`: either photos or a choice of them.
public struct RedoParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case photos, which }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Which photos of the inbox.
    public enum Choice: String, Codable, Sendable, Hashable, CaseIterable {
        case failed
        /// What another network than the inbox's judged.
        case olderModel = "older-model"
        case all
    }

    /// Absolute paths.
    public var photos: [String]?
    public var which: Choice?

    public init(photos: [String]? = nil, which: Choice? = nil) {
        self.photos = photos
        self.which = which
    }
}

/// Result of `redo`.
public struct RedoResult: Codable, Sendable, Hashable {
    /// How many photos wait now.
    public var queued: Int
    /// The named photos that are in hand at this moment and therefore do not wait.
    public var inHand: [String]

    public init(queued: Int, inHand: [String]) {
        self.queued = queued
        self.inHand = inHand
    }
}

/// Result of `reload`.
public struct ReloadResult: Codable, Sendable, Hashable {
    /// Names of the networks in use now.
    public var models: [String]
    public var inboxModel: String?
    /// Those that were loaded now, because they are new or their folder has changed.
    public var loaded: [String]
    /// Those whose folder is gone.
    public var removed: [String]
    /// Those whose folder cannot be used; `notices` say why. Nil from a daemon that does not say.
    public var refused: [String]?
    /// What a person should know: what was refused, what takes effect only at the next start.
    public var notices: [String]

    public init(
        models: [String], inboxModel: String?, loaded: [String], removed: [String], refused: [String]?,
        notices: [String]
    ) {
        self.models = models
        self.inboxModel = inboxModel
        self.loaded = loaded
        self.removed = removed
        self.refused = refused
        self.notices = notices
    }
}

/// Result of `clean`.
public struct CleanResult: Codable, Sendable, Hashable {
    /// Removed sidecars of photos that are gone.
    public var sidecars: Int
    /// Removed unfinished files of daemons that are gone.
    public var temporary: Int

    public init(sidecars: Int, temporary: Int) {
        self.sidecars = sidecars
        self.temporary = temporary
    }
}

/// Result of `doctor`.
public struct DoctorResult: Codable, Sendable, Hashable {
    /// One thing that was looked at.
    public struct Check: Codable, Sendable, Hashable {
        public enum Verdict: String, Codable, Sendable, Hashable { case ok, warn, fail }

        public var name: String
        public var verdict: Verdict
        /// What was found, in words.
        public var finding: String
        /// What to do, where something is to be done.
        public var remedy: String?

        public init(_ name: String, _ verdict: Verdict, _ finding: String, remedy: String? = nil) {
            self.name = name
            self.verdict = verdict
            self.finding = finding
            self.remedy = remedy
        }
    }

    public var checks: [Check]

    public init(checks: [Check]) {
        self.checks = checks
    }
}
