package import Files
package import Foundation

/// Who comes next among the waiting photos.
package struct Turn: Sendable {
    /// A waiting photo's place in the queue: who has waited longest comes first, and of those that came together the
    /// photo whose file is the oldest.
    package struct Place: Sendable, Hashable, Comparable {
        let queuedAt: Date
        let modified: Int64
        let path: FilePath

        package static func < (left: Place, right: Place) -> Bool {
            if left.queuedAt != right.queuedAt { return left.queuedAt < right.queuedAt }
            if left.modified != right.modified { return left.modified < right.modified }
            return left.path < right.path
        }
    }

    package let now: Date
    /// Photos still in hand; one of them may have changed and wait again.
    package let excluding: Set<FilePath>
    /// Whether it is the turn of the suspects (``PhotoRecord/isSuspect``) or of all others.
    package let isOfSuspects: Bool

    package init(at now: Date, excluding: Set<FilePath> = [], isOfSuspects: Bool = false) {
        self.now = now
        self.excluding = excluding
        self.isOfSuspects = isOfSuspects
    }

    /// From here on, no wait that began at ``now`` or before can last: a retry later than this was written by a clock
    /// that has been set back, and the photo is due.
    package var implausibleRetry: Date { now.addingTimeInterval(2 * RetryPolicy.longestDelay) }

    /// Whether the photo waits and may be tried at ``now``.
    package func isDue(_ record: PhotoRecord) -> Bool {
        guard record.state == .pending, record.isSuspect == isOfSuspects, !excluding.contains(record.path) else {
            return false
        }
        guard let retryAt = record.retryAt else { return true }
        return retryAt <= now || retryAt > implausibleRetry
    }
}

extension PhotoRecord {
    /// Its place in the queue while it waits.
    package var place: Turn.Place { Turn.Place(queuedAt: queuedAt, modified: identity.modified, path: path) }
}
