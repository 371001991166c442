public import Foundation

/// How many photos there are of what kind, in all and by period of time.
public struct CatalogOverview: Sendable, Hashable {
    /// Photos that have everything in common that is counted.
    struct Tally: Sendable, Hashable {
        /// Since 1970, in milliseconds: the beginning of the period.
        var period: Int64
        var state: PhotoState
        var verdict: String?
        var isOfNothing: Bool
        var label: String?
        var model: String?
        var modelSHA256: String?
        var photos: Int
        var doubtful: Int
        var corrected: Int
        /// Sum over the photos that have a probability, and how many these are.
        var probabilities: Double
        var withProbability: Int
        var earliest: Int64
        var latest: Int64
    }

    /// A kind of photos.
    public struct Share: Sendable, Hashable {
        public var photos = 0
        public var doubtful = 0
        public var corrected = 0
        public var failed = 0
        /// Photos that are undecided without being in doubt: they show nothing to find, or nobody says where the animal is.
        public var ofNothing = 0
        /// By the verdict's word; the photos of ``ofNothing`` and those that nobody judged are not among them.
        public var verdicts: [String: Int] = [:]
        public var labels: [String: Int] = [:]
        fileprivate var probabilities = 0.0
        fileprivate var withProbability = 0

        /// Of the best class, 0…1; nil where there is none.
        public var meanProbability: Double? {
            withProbability == 0 ? nil : probabilities / Double(withProbability)
        }

        fileprivate mutating func add(_ tally: Tally) {
            photos += tally.photos
            doubtful += tally.doubtful
            corrected += tally.corrected
            if tally.state == .failed { failed += tally.photos }
            if tally.isOfNothing {
                ofNothing += tally.photos
            } else if let verdict = tally.verdict {
                verdicts[verdict, default: 0] += tally.photos
            }
            if let label = tally.label { labels[label, default: 0] += tally.photos }
            probabilities += tally.probabilities
            withProbability += tally.withProbability
        }
    }

    /// The photos of one hour or day.
    public struct Period: Sendable, Hashable {
        public var start: Date
        public var share = Share()
    }

    /// The photos that one network decided on.
    public struct Network: Sendable, Hashable {
        public var name: String
        public var sha256: String?
        public var first: Date
        public var last: Date
        public var share = Share()
    }

    public var all = Share()
    /// Earliest first; those without photos are left out.
    public var periods: [Period] = []
    /// By their first photo, earliest first.
    public var networks: [Network] = []

    /// - Parameter tallies: in any order.
    init(_ tallies: [Tally]) {
        struct Key: Hashable {
            let name: String
            let sha256: String?
        }
        var periods: [Int64: Period] = [:]
        var networks: [Key: Network] = [:]
        for tally in tallies {
            all.add(tally)
            periods[tally.period, default: Period(start: Date(milliseconds: tally.period))].share.add(tally)
            guard let name = tally.model else { continue }
            let (first, last) = (Date(milliseconds: tally.earliest), Date(milliseconds: tally.latest))
            let key = Key(name: name, sha256: tally.modelSHA256)
            var network = networks[key] ?? Network(name: name, sha256: tally.modelSHA256, first: first, last: last)
            network.first = min(network.first, first)
            network.last = max(network.last, last)
            network.share.add(tally)
            networks[key] = network
        }
        self.periods = periods.values.sorted { $0.start < $1.start }
        self.networks = networks.values.sorted { ($0.first, $0.name) < ($1.first, $1.name) }
    }
}

/// How time is cut into pieces.
public struct PeriodLength: Sendable, Hashable {
    /// Milliseconds.
    let length: Int64
    /// East of Greenwich, in milliseconds: days begin at midnight of this place.
    let offset: Int64

    /// - Parameters:
    ///   - seconds: 3600 for hours, 86400 for days; from 1 on.
    ///   - secondsFromGMT: of the place whose clock counts.
    public init(seconds: Int, secondsFromGMT: Int) {
        length = Int64(max(seconds, 1)) * 1000
        offset = Int64(secondsFromGMT) * 1000
    }

    /// The beginning of the period that `time` lies in; both in milliseconds since 1970.
    func start(of time: Int64) -> Int64 {
        let shifted = time + offset
        let rest = shifted % length
        return shifted - (rest < 0 ? rest + length : rest) - offset
    }
}
