/// Result of `version`.
public struct VersionResult: Codable, Sendable, Hashable {
    /// The daemon's release.
    public var version: String
    /// See `WireVersion.protocol`.
    public var `protocol`: Int
    /// See `WireVersion.capabilities`.
    public var capabilities: [String]

    public init(version: String, protocol: Int, capabilities: [String]) {
        self.version = version
        self.protocol = `protocol`
        self.capabilities = capabilities
    }

    /// What this build answers.
    public static let current = VersionResult(
        version: WireVersion.software, protocol: WireVersion.protocol, capabilities: WireVersion.capabilities)
}

/// Result of `status`.
public struct StatusResult: Codable, Sendable, Hashable {
    /// How many photos of the inbox are in each state.
    public struct PhotoCounts: Codable, Sendable, Hashable {
        public var pending: Int
        public var working: Int
        public var done: Int
        public var failed: Int

        public init(pending: Int, working: Int, done: Int, failed: Int) {
            self.pending = pending
            self.working = working
            self.done = done
            self.failed = failed
        }
    }

    /// What the daemon takes of the machine now.
    public struct Use: Codable, Sendable, Hashable {
        /// Bytes of an amount that is bounded.
        public struct Share: Codable, Sendable, Hashable {
            public var bytes: Int
            public var limit: Int

            public init(bytes: Int, limit: Int) {
                self.bytes = bytes
                self.limit = limit
            }
        }

        /// Bytes of memory that the process has.
        public var resident: Int
        /// What networks compute in, with what they keep for later.
        public var plans: Share
        /// Requests that are not finished or not answered; nil before the daemon listens.
        public var requests: Share?
        /// Files that clients have passed and that are in memory; nil before the daemon listens.
        public var passed: Share?
        /// Clients that are connected.
        public var connections: Int

        public init(resident: Int, plans: Share, requests: Share? = nil, passed: Share? = nil, connections: Int) {
            self.resident = resident
            self.plans = plans
            self.requests = requests
            self.passed = passed
            self.connections = connections
        }
    }

    public var version: String
    public var uptimeSeconds: Double
    public var pid: Int
    /// The watched folder.
    public var inbox: String
    /// The socket's path.
    public var socket: String
    /// Where the evidence page is served, as a browser wants it; nil where it is not.
    public var page: String?
    /// Names of the networks in memory.
    public var models: [String]
    /// The one that the inbox's photos are explained with; nil where photos wait for one.
    public var inboxModel: String?
    /// The one that finds the animal for its verdicts; nil where there is none.
    public var animalModel: String?
    /// The one that gives a second opinion on the animal's name; nil where there is none.
    public var opinionModel: String?
    /// What a person should know, in words: that no network reads photos, which were refused, that the catalog was damaged.
    /// Nil from a daemon that does not say.
    public var notices: [String]?
    public var photos: PhotoCounts
    /// How many files of the inbox are no photos that are read, by kind: `{"PNG":3}`; nil where there are none.
    public var unread: [String: Int]?
    /// Paths of the photos being processed.
    public var current: [String]
    /// The last failure, in words; nil while there was none.
    public var lastError: String?
    /// Over the last minutes; nil while there is nothing to measure.
    public var photosPerMinute: Double?
    /// How many photos that are done were judged by another network than ``inboxModel``, or when the folder of
    /// one that looks at the inbox said something else; nil where there are none.
    public var judgedByOlderModel: Int?
    /// How long the photo that waits longest has waited; nil where none waits.
    public var longestWaitSeconds: Double?
    /// How many photos have failed, by the code of their error; nil where none has.
    public var failures: [String: Int]?
    /// How often events of the inbox were lost, so that all of it was looked at; nil where none were.
    public var eventsLost: Int?
    /// Nil from a daemon that does not say.
    public var use: Use?

    public init(
        version: String, uptimeSeconds: Double, pid: Int, inbox: String, socket: String, page: String? = nil,
        models: [String], inboxModel: String? = nil, animalModel: String? = nil, opinionModel: String? = nil,
        notices: [String]? = nil, photos: PhotoCounts,
        unread: [String: Int]? = nil,
        current: [String], lastError: String? = nil, photosPerMinute: Double? = nil,
        judgedByOlderModel: Int? = nil, longestWaitSeconds: Double? = nil, failures: [String: Int]? = nil,
        eventsLost: Int? = nil, use: Use? = nil
    ) {
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.pid = pid
        self.inbox = inbox
        self.socket = socket
        self.page = page
        self.models = models
        self.inboxModel = inboxModel
        self.animalModel = animalModel
        self.opinionModel = opinionModel
        self.notices = notices
        self.photos = photos
        self.unread = unread
        self.current = current
        self.lastError = lastError
        self.photosPerMinute = photosPerMinute
        self.judgedByOlderModel = judgedByOlderModel
        self.longestWaitSeconds = longestWaitSeconds
        self.failures = failures
        self.eventsLost = eventsLost
        self.use = use
    }
}
