public import Files

/// Photos that were written to a moment ago, waiting until nobody seems to be writing any more.
///
/// Cameras and scanners open and close a file several times; a photo is ready when its size and time have stayed the
/// same for a short while, and for a longer one where its picture has no end yet. A plain value without clock or disk: the caller says what time it is and what it saw.
public struct SettlingQueue: Sendable {
    public typealias Instant = ContinuousClock.Instant

    /// How long a file must stay unchanged.
    public let quietTime: Duration
    /// How long an empty file must stay unchanged: some programs reserve the name long before they write the picture.
    public let emptyPatience: Duration
    /// How long a file whose picture has no end yet must stay unchanged.
    public let unfinishedPatience: Duration

    private struct Candidate {
        var identity: FileIdentity
        var unchangedSince: Instant
        /// Whether the disk has been asked and has not answered yet.
        var isBeingLookedAt = false
        /// Whether its picture was found to have no end.
        var isUnfinished = false
    }

    private var candidates: [FilePath: Candidate] = [:]

    public init(
        quietTime: Duration = .milliseconds(300), emptyPatience: Duration = .seconds(3),
        unfinishedPatience: Duration = .seconds(10)
    ) {
        self.quietTime = quietTime
        self.unfinishedPatience = unfinishedPatience
        self.emptyPatience = emptyPatience
    }

    public var isEmpty: Bool { candidates.isEmpty }
    public var count: Int { candidates.count }

    /// How long a file of this size has to stay unchanged.
    public func patience(forSize size: Int64) -> Duration { size == 0 ? max(emptyPatience, quietTime) : quietTime }

    /// Someone wrote to the photo, or it was found freshly written: its wait begins anew.
    public mutating func touch(_ path: FilePath, _ identity: FileIdentity, at now: Instant) {
        candidates[path] = Candidate(identity: identity, unchangedSince: now)
    }

    /// When to look again; `nil` where nothing waits.
    public var nextCheck: Instant? { candidates.values.filter { !$0.isBeingLookedAt }.map(dueTime).min() }

    /// The photos whose wait may be over, to be looked at and passed to ``observe(_:_:at:)``.
    public func due(at now: Instant) -> [FilePath] {
        candidates.filter { !$0.value.isBeingLookedAt && dueTime($0.value) <= now }.map(\.key)
    }

    /// The disk is being asked about the photo: until ``observe(_:_:at:)`` or ``touch(_:_:at:)`` tells what it said,
    /// the photo is not due.
    public mutating func startLooking(at path: FilePath) {
        candidates[path]?.isBeingLookedAt = true
    }

    /// Takes note of what the disk said. Returns whether the photo is ready; it then leaves the queue. A photo that is
    /// gone (`nil`) leaves it too.
    ///
    /// - Parameter isWhole: whether the picture has an end; one that has none waits longer.
    public mutating func observe(
        _ path: FilePath, _ identity: FileIdentity?, isWhole: Bool = true, at now: Instant
    ) -> Bool {
        guard let candidate = candidates[path] else { return false }
        guard let identity else {
            candidates[path] = nil
            return false
        }
        guard identity == candidate.identity else {
            touch(path, identity, at: now)
            return false
        }
        candidates[path]?.isBeingLookedAt = false
        guard dueTime(candidate) <= now else { return false }
        if !isWhole {
            candidates[path]?.isUnfinished = true
            guard let unfinished = candidates[path], dueTime(unfinished) <= now else { return false }
        }
        candidates[path] = nil
        return true
    }

    private func dueTime(_ candidate: Candidate) -> Instant {
        let patience = patience(forSize: candidate.identity.size)
        return candidate.unchangedSince.advanced(
            by: candidate.isUnfinished ? max(patience, unfinishedPatience) : patience)
    }
}
