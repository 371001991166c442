public import Foundation

/// Parameters of `overview`.
public struct OverviewParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case filter, period, secondsFromGMT }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    public enum Period: String, Codable, Sendable, Hashable, CaseIterable { case hour, day }

    /// Which photos count; `order`, `offset` and `limit` do not matter.
    public var filter: PhotosParameters?
    /// Days where nil.
    public var period: Period?
    /// Of the clock by which days begin; 0 where nil.
    public var secondsFromGMT: Int?

    public init(filter: PhotosParameters? = nil, period: Period? = nil, secondsFromGMT: Int? = nil) {
        self.filter = filter
        self.period = period
        self.secondsFromGMT = secondsFromGMT
    }

    /// - Throws: `DecodingError`, also for a member of the filter that there is not: a misspelt one must not be passed over.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        filter = try members.decodePhotoFilter(forKey: .filter)
        period = try members.decodeIfPresent(Period.self, forKey: .period)
        secondsFromGMT = try members.decodeIfPresent(Int.self, forKey: .secondsFromGMT)
    }
}

extension KeyedDecodingContainer {
    /// Photos as `photos` takes them, within the parameters of another method.
    ///
    /// - Throws: `DecodingError`, also for a member that there is not.
    func decodePhotoFilter(forKey key: Key) throws -> PhotosParameters? {
        if let given = try decodeIfPresent([String: JSONValue].self, forKey: key),
            let unknown = given.keys.filter({ !PhotosParameters.memberNames.contains($0) }).min()
        {
            let known = PhotosParameters.memberNames.sorted().joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "there is no '\(unknown)'; there are \(known)")
        }
        return try decodeIfPresent(PhotosParameters.self, forKey: key)
    }
}

/// Result of `overview`: how many photos there are of what kind.
public struct OverviewResult: Codable, Sendable, Hashable {
    public struct Share: Codable, Sendable, Hashable {
        public var photos: Int
        /// Those that a person should look at, and nobody has yet.
        public var doubtful: Int
        /// Those that a person has answered.
        public var corrected: Int
        public var failed: Int
        /// Those that are undecided without being in doubt: they show nothing to find, or nobody says where the animal is.
        public var ofNothing: Int
        /// The others by the verdict's word; those that nobody judged are not among them.
        public var verdicts: [String: Int]
        public var labels: [String: Int]
        /// Of the best class, 0…1; nil where no photo has one.
        public var meanProbability: Double?

        public init(
            photos: Int, doubtful: Int, corrected: Int, failed: Int, ofNothing: Int, verdicts: [String: Int],
            labels: [String: Int], meanProbability: Double?
        ) {
            self.photos = photos
            self.doubtful = doubtful
            self.corrected = corrected
            self.failed = failed
            self.ofNothing = ofNothing
            self.verdicts = verdicts
            self.labels = labels
            self.meanProbability = meanProbability
        }
    }

    public struct Period: Codable, Sendable, Hashable {
        public var start: Date
        public var share: Share

        public init(start: Date, share: Share) {
            self.start = start
            self.share = share
        }
    }

    /// The photos that one network decided on. One that was replaced under the same name has another digest.
    public struct Network: Codable, Sendable, Hashable {
        public var name: String
        public var sha256: String?
        /// Of its first photo, and of its last.
        public var first: Date
        public var last: Date
        public var share: Share

        public init(name: String, sha256: String?, first: Date, last: Date, share: Share) {
            self.name = name
            self.sha256 = sha256
            self.first = first
            self.last = last
            self.share = share
        }
    }

    public var all: Share
    /// Earliest first; those without photos are left out.
    public var periods: [Period]
    /// By their first photo, earliest first.
    public var networks: [Network]

    public init(all: Share, periods: [Period], networks: [Network]) {
        self.all = all
        self.periods = periods
        self.networks = networks
    }
}
