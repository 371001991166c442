public import Files
public import Foundation

/// What judges the inbox's photos.
public struct PhotoJudge: Sendable, Hashable {
    /// SHA-256 of the network that names what it sees.
    public var network: String
    /// Tells it, the networks that work beside it, and all that their folders say of them, from others.
    public var everything: String

    public init(network: String, everything: String) {
        self.network = network
        self.everything = everything
    }

    /// Whether this is who judged the photo, as far as that was noted.
    func judged(_ summary: PhotoSummary?) -> Bool {
        summary?.modelSHA256 == network && summary?.judge ?? everything == everything
    }
}

/// Which photos of the catalog are meant; what is nil does not matter.
public struct PhotoFilter: Sendable, Hashable {
    public var state: PhotoState?
    /// The best class, or that of another box.
    public var label: String?
    /// The verdict's word.
    public var verdict: String?
    /// The best class's probability.
    public var probability: ClosedRange<Double>?
    /// How far the best class is before the next.
    public var margin: ClosedRange<Double>?
    /// When something last happened to the photo.
    public var changed: Range<Date>?
    /// Whether a person should look at it.
    public var isDoubtful: Bool?
    /// Only photos that are done and were judged by another network, by one that was not noted, or with other settings.
    public var judgedByOtherThan: PhotoJudge?
    /// Whether the photo's sidecars were taken away since they were kept long enough.
    public var isExpired: Bool?
    /// In this folder or below it.
    public var folder: FilePath?
    /// All of them in the path below `root`, upper and lower case of ASCII alike.
    public var words: [String] = []
    /// The inbox: what is above it is not searched for words.
    public var root = FilePath("/")

    public init(
        state: PhotoState? = nil, label: String? = nil, verdict: String? = nil,
        probability: ClosedRange<Double>? = nil, margin: ClosedRange<Double>? = nil, changed: Range<Date>? = nil,
        isDoubtful: Bool? = nil, judgedByOtherThan: PhotoJudge? = nil, isExpired: Bool? = nil
    ) {
        self.state = state
        self.label = label
        self.verdict = verdict
        self.probability = probability
        self.margin = margin
        self.changed = changed
        self.isDoubtful = isDoubtful
        self.judgedByOtherThan = judgedByOtherThan
        self.isExpired = isExpired
    }

    /// Whether `record` is meant.
    func admits(_ record: PhotoRecord) -> Bool {
        func holds<Value>(_ wanted: Value?, _ test: (Value) -> Bool?) -> Bool {
            wanted.map { test($0) ?? false } ?? true
        }
        let summary = record.summary
        return holds(state) { $0 == record.state }
            && holds(label) { label in summary.map { $0.label == label || $0.furtherLabels.contains(label) } }
            && holds(verdict) { $0 == summary?.verdict }
            && holds(probability) { range in summary?.probability.map(range.contains) }
            && holds(margin) { range in summary?.margin.map(range.contains) }
            && holds(changed) { $0.contains(record.changedAt) }
            && holds(isDoubtful) { $0 == summary?.isDoubtful }
            && holds(isExpired) { $0 == record.isExpired }
            && holds(judgedByOtherThan) { record.state == .done && !$0.judged(summary) }
            && holds(folder) { record.path.isInside($0) }
            && (words.isEmpty || containsWords(record.path))
    }

    private func containsWords(_ path: FilePath) -> Bool {
        let name = PhotoFilter.folded(path.bytes.dropFirst(root.bytes.count))
        return words.allSatisfy { $0.isEmpty || name.firstRange(of: PhotoFilter.folded($0.utf8)) != nil }
    }

    /// Upper case letters of ASCII as lower case ones.
    private static func folded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }
}

/// Photos of the catalog, a page at a time.
public struct PhotoQuery: Sendable, Hashable {
    public enum Order: Sendable, Hashable {
        /// What something happened to last comes first.
        case latest
        /// The smallest margin comes first, what has none last; among equals the latest.
        case leastCertain
        /// By the verdict, `looks-elsewhere` first, then `looks-partly`, `undecided` and the rest; among equals as
        /// ``leastCertain``.
        case mostDoubtful
    }

    public var filter: PhotoFilter
    public var order: Order
    /// How many photos come before the page.
    public var offset: Int
    /// The most that a page has.
    public var limit: Int

    public init(_ filter: PhotoFilter = PhotoFilter(), order: Order = .latest, offset: Int = 0, limit: Int) {
        self.filter = filter
        self.order = order
        self.offset = max(0, offset)
        self.limit = max(0, limit)
    }
}

/// The answer to a ``PhotoQuery``.
public struct PhotoPage: Sendable, Hashable {
    public var records: [PhotoRecord]
    /// How many photos there are on all pages.
    public var total: Int
}
