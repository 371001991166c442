import Files
package import Foundation

/// How a photo's record changes when something happens to the photo: pure functions from what is known and what was
/// seen to what is to be known. They see neither a disk nor a clock nor a database.
package enum CatalogRules {
    // MARK: Admission

    /// Which look at the bytes decides about a settled photo; `nil` where it is known as it is.
    ///
    /// The same size and time under another inode is a replaced file, a restored backup, or a file system that numbers
    /// its files anew at each mount. The same inode with another time of change is a photo that was changed in place by a
    /// program that restores its time, or one that got other rights, another name or a further one. Only the bytes can
    /// tell.
    ///
    /// A photo in hand that has another time of change is looked at by whoever has it in hand, when it is done. Of one
    /// that waits nothing has been read yet; but where it waits for a second try, its rights may be what was mended.
    package static func requiredLook(for photo: SettledPhoto, _ record: PhotoRecord?) -> RequiredLook? {
        guard let record else { return .proof }
        guard record.identity.hasSameContents(as: photo.identity) else {
            // It may have changed and been done since the backup.
            return record.isRestored ? .proof : .nothing
        }
        if record.identity.inode == photo.identity.inode {
            if record.identity.changed == photo.identity.changed { return nil }
            // Of records of an older version the time is not known.
            if record.identity.changed == 0 { return .identity }
            switch record.state {
            case .working: return nil
            case .pending where record.retryAt == nil: return .identity
            case .pending, .done, .failed: break
            }
        }
        return record.state == .done ? .digest : .nothing
    }

    /// What becomes of a settled photo.
    package static func admit(
        _ photo: SettledPhoto, _ record: PhotoRecord?, at now: Date
    ) -> RecordDecision<Admission> {
        var fresh = PhotoRecord(path: photo.path, identity: photo.identity, queuedAt: now)
        switch (requiredLook(for: photo, record), record) {
        case (nil, _):
            return RecordDecision(.nothing, .known)
        case (.identity, var record?):
            record.identity = photo.identity
            return RecordDecision(.write(record), .known)
        case (.digest, var record?) where photo.sha256 != nil && photo.sha256 == record.summary?.sha256:
            record.identity = photo.identity
            return RecordDecision(.write(record), .known)
        case (.proof, _):
            guard let proof = photo.proof else { break }
            finish(&fresh, proof.summary, at: now)
            return RecordDecision(.write(fresh), .adopted)
        default: break
        }
        return RecordDecision(.write(fresh), .queued)
    }

    // MARK: Work

    /// The record of a photo whose turn has come.
    package static func claim(_ record: PhotoRecord, at now: Date) -> PhotoRecord {
        var record = record
        record.state = .working
        record.attempts += 1
        record.isComputing = false
        record.startedAt = now
        record.retryAt = nil
        return record
    }

    /// Notes whether the photo is being computed.
    package static func note(
        isComputing: Bool, _ claimed: PhotoRecord, _ current: PhotoRecord?
    ) -> RecordDecision<Bool> {
        change(claimed, current) { $0.isComputing = isComputing }
    }

    /// The photo's sidecars have their final names.
    package static func complete(
        _ claimed: PhotoRecord, _ current: PhotoRecord?, _ summary: PhotoSummary, at now: Date
    ) -> RecordDecision<Bool> {
        change(claimed, current) { finish(&$0, summary, at: now) }
    }

    /// The photo cannot be done.
    ///
    /// - Parameter version: of the program and the networks that could not.
    package static func fail(
        _ claimed: PhotoRecord, _ current: PhotoRecord?, code: String, message: String, under version: String,
        at now: Date
    ) -> RecordDecision<Bool> {
        change(claimed, current) { record in
            record.state = .failed
            record.isComputing = false
            record.isForced = false
            record.failedUnder = version
            record.finishedAt = now
            record.errorCode = code
            record.errorMessage = message
            record.summary = nil
        }
    }

    /// The photo could not be done for a passing reason.
    package static func postpone(
        _ claimed: PhotoRecord, _ current: PhotoRecord?, code: String, message: String, until retryAt: Date
    ) -> RecordDecision<Bool> {
        change(claimed, current) { record in
            record.state = .pending
            record.isComputing = false
            record.retryAt = retryAt
            record.errorCode = code
            record.errorMessage = message
        }
    }

    /// The photo is given back unfinished. Its try does not count. A suspect is one from now on.
    package static func release(
        _ claimed: PhotoRecord, _ current: PhotoRecord?, isSuspect: Bool
    ) -> RecordDecision<Bool> {
        change(claimed, current) { record in
            record.state = .pending
            record.isComputing = false
            record.attempts = max(0, record.attempts - 1)
            if isSuspect { record.crashes += 1 }
        }
    }

    // MARK: Again

    /// A photo that failed is tried again by another program or with other networks. A suspect stays one.
    package static func reconsider(
        _ record: PhotoRecord?, under version: String, at now: Date
    ) -> RecordDecision<Bool> {
        guard let record, record.state == .failed, record.failedUnder != version else {
            return RecordDecision(.nothing, false)
        }
        return RecordDecision(.write(waiting(record, at: now)), true)
    }

    /// Somebody asks for the photo to be done again; not where it is in hand at this moment.
    package static func redo(_ record: PhotoRecord?, at now: Date) -> RecordDecision<Bool> {
        guard let record, record.state != .working else { return RecordDecision(.nothing, false) }
        var again = waiting(record, at: now)
        again.isForced = true
        return RecordDecision(.write(again), true)
    }

    /// The photo's sidecars were kept long enough.
    package static func expire(_ record: PhotoRecord?, before date: Date) -> RecordDecision<Bool> {
        guard var record, record.state == .done, !record.isExpired, record.changedAt < date else {
            return RecordDecision(.nothing, false)
        }
        record.isExpired = true
        return RecordDecision(.write(record), true)
    }

    /// The photo as if it had just come, but for what is suspected of it.
    private static func waiting(_ record: PhotoRecord, at now: Date) -> PhotoRecord {
        var again = PhotoRecord(path: record.path, identity: record.identity, queuedAt: now)
        again.crashes = record.crashes
        return again
    }

    /// Changes the record of a photo in hand; nothing where the photo changed or went since it was claimed.
    private static func change(
        _ claimed: PhotoRecord, _ current: PhotoRecord?, _ change: (inout PhotoRecord) -> Void
    ) -> RecordDecision<Bool> {
        guard var current, current.state == .working, current.identity == claimed.identity else {
            return RecordDecision(.nothing, false)
        }
        change(&current)
        return RecordDecision(.write(current), true)
    }

    private static func finish(_ record: inout PhotoRecord, _ summary: PhotoSummary, at now: Date) {
        record.state = .done
        record.isComputing = false
        record.isForced = false
        record.isExpired = false
        record.crashes = 0
        record.finishedAt = now
        record.retryAt = nil
        record.errorCode = nil
        record.errorMessage = nil
        record.failedUnder = nil
        record.summary = summary
    }
}
