public import Foundation

/// Parameters of `report`: about which photos, and whether as a file.
public struct ReportParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case filter, timeZone, html, bytes }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// What the file may have at most, in bytes; also what it may have where nothing else is asked for.
    public static let largestFile = 60_000_000
    /// The least that can be asked for: the report without a photo has its words, too.
    public static let smallestFile = 1_000_000

    /// Which photos; `order`, `offset` and `limit` do not matter.
    public var filter: PhotosParameters?
    /// The name of the clock by which days begin and times are written, as `Europe/Berlin`; `UTC` where nil.
    public var timeZone: String?
    /// Whether to send the report as an HTML file ahead of the result; yes where nil.
    public var html: Bool?
    /// What the file may have at most; ``largestFile`` where nil.
    public var bytes: Int?

    public init(
        filter: PhotosParameters? = nil, timeZone: String? = nil, html: Bool? = nil, bytes: Int? = nil
    ) {
        self.filter = filter
        self.timeZone = timeZone
        self.html = html
        self.bytes = bytes
    }

    /// - Throws: `DecodingError`, also for a member of the filter that there is not.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        filter = try members.decodePhotoFilter(forKey: .filter)
        timeZone = try members.decodeIfPresent(String.self, forKey: .timeZone)
        html = try members.decodeIfPresent(Bool.self, forKey: .html)
        bytes = try members.decodeIfPresent(Int.self, forKey: .bytes)
    }
}

/// Result of `report`: everything that the file says but of single photos.
public struct ReportResult: Codable, Sendable, Hashable {
    /// How time is cut into pieces, so that a chart has neither too few nor too many.
    public enum Period: String, Codable, Sendable, Hashable, CaseIterable { case hour, day, week }

    /// A network that decided about photos of the report and is loaded.
    public struct Network: Codable, Sendable, Hashable {
        public var model: ModelDescription
        public var audit: Audit
        /// `README.md` of the model's folder; nil where there is none.
        public var card: String?

        public init(model: ModelDescription, audit: Audit, card: String?) {
            self.model = model
            self.audit = audit
            self.card = card
        }
    }

    /// What `audit` says of a network's photos in the time of the report.
    public struct Audit: Codable, Sendable, Hashable {
        /// Photos that were compared.
        public var photos: Int
        /// The ways of deciding that something speaks against.
        public var suspicious: [AuditResult.Way]
        /// Why nothing was compared; nil where it was.
        public var obstacle: String?

        public init(photos: Int, suspicious: [AuditResult.Way], obstacle: String? = nil) {
            self.photos = photos
            self.suspicious = suspicious
            self.obstacle = obstacle
        }
    }

    /// What people have said of photos in the time of the report.
    public struct Answers: Codable, Sendable, Hashable {
        /// How often each answer was given: `yes`, `no`, `wrong-box`.
        public var counts: [String: Int]
        /// Of so many the network's label is known, and so often it was the person's.
        public var labels: Int
        public var right: Int
        /// What was corrected, the latest first; at most ``most`` of them.
        public var latest: [Correction]

        public static let most = 200

        public init(counts: [String: Int], labels: Int, right: Int, latest: [Correction]) {
            self.counts = counts
            self.labels = labels
            self.right = right
            self.latest = latest
        }
    }

    /// What the file shows of single photos.
    public struct Contents: Codable, Sendable, Hashable {
        /// Photos that need a person, failed ones among them, and the others.
        public var doubtful: Int
        public var others: Int
        /// Photos that would have made the file too large.
        public var leftOut: Int
        /// Photos among those shown of which no picture could be made.
        public var withoutPicture: Int

        public init(doubtful: Int = 0, others: Int = 0, leftOut: Int = 0, withoutPicture: Int = 0) {
            self.doubtful = doubtful
            self.others = others
            self.leftOut = leftOut
            self.withoutPicture = withoutPicture
        }
    }

    /// Of the program.
    public var version: String
    public var created: Date
    public var inbox: String
    /// As it was asked for; `until` is never later than ``created``.
    public var filter: PhotosParameters
    public var timeZone: String
    public var period: Period
    public var overview: OverviewResult
    /// Photos that are not done yet.
    public var waiting: Int
    public var networks: [Network]
    public var answers: Answers
    /// Nil where no file was asked for.
    public var contents: Contents?
    /// The file, where one was asked for.
    public var files: [SentFile]

    public init(
        version: String, created: Date, inbox: String, filter: PhotosParameters, timeZone: String, period: Period,
        overview: OverviewResult, waiting: Int, networks: [Network], answers: Answers, contents: Contents? = nil,
        files: [SentFile] = []
    ) {
        self.version = version
        self.created = created
        self.inbox = inbox
        self.filter = filter
        self.timeZone = timeZone
        self.period = period
        self.overview = overview
        self.waiting = waiting
        self.networks = networks
        self.answers = answers
        self.contents = contents
        self.files = files
    }
}
