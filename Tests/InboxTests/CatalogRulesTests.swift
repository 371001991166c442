import Files
import Foundation
import Glibc
import Inbox
import Testing

@Suite("The catalog's rules, without a database")
struct CatalogRulesTests {
    private let path = FilePath("/inbox/a.jpg")
    private let now = Date(timeIntervalSince1970: 1_750_000_000)
    private let summary = PhotoSummary(sha256: String(repeating: "a", count: 64), label: "cat", boxCount: 1)

    private func identity(size: Int64 = 5, modified: Int64 = 1, inode: UInt64 = 2) -> FileIdentity {
        FileIdentity(device: 1, inode: inode, size: size, modified: modified)
    }

    private func pending(_ identity: FileIdentity? = nil) -> PhotoRecord {
        PhotoRecord(path: path, identity: identity ?? self.identity(), queuedAt: now)
    }

    private func working() -> PhotoRecord { CatalogRules.claim(pending(), at: now) }

    private func written<Answer>(_ decision: RecordDecision<Answer>) throws -> PhotoRecord {
        guard case .write(let record) = decision.change else {
            throw CatalogError.unavailable(message: "nothing is written")
        }
        return record
    }

    private func done() throws -> PhotoRecord {
        try written(CatalogRules.complete(working(), working(), summary, at: now))
    }

    // MARK: Admission

    @Test("a photo without a record may be proven by its sidecars, and otherwise waits")
    func unknownPhoto() throws {
        let photo = SettledPhoto(path: path, identity: identity())
        #expect(CatalogRules.requiredLook(for: photo, nil) == .proof)
        let decision = CatalogRules.admit(photo, nil, at: now)
        #expect(decision.answer == .queued)
        #expect(try written(decision) == pending())
    }

    @Test("only the bytes tell whether a done photo under another inode is the same; others wait again")
    func otherInode() throws {
        var photo = SettledPhoto(path: path, identity: identity(inode: 3))
        #expect(CatalogRules.requiredLook(for: photo, try done()) == .digest)
        #expect(CatalogRules.requiredLook(for: photo, pending()) == .nothing)
        #expect(CatalogRules.admit(photo, try done(), at: now).answer == .queued)
        photo.sha256 = summary.sha256
        let decision = CatalogRules.admit(photo, try done(), at: now)
        #expect(decision.answer == .known)
        #expect(try written(decision).identity.inode == 3)
        #expect(try written(decision).state == .done)
    }

    @Test("what has not changed is left as it is, in whatever state")
    func unchanged() throws {
        let photo = SettledPhoto(path: path, identity: identity())
        for record in [pending(), working(), try done()] {
            #expect(CatalogRules.requiredLook(for: photo, record) == nil)
            #expect(CatalogRules.admit(photo, record, at: now).change == .nothing)
        }
    }

    // MARK: Work

    @Test("the mark of computing is set and cleared, and no state but working keeps it")
    func mark() throws {
        let claimed = working()
        #expect(!claimed.isComputing)
        let computing = try written(CatalogRules.note(isComputing: true, claimed, claimed))
        #expect(computing.isComputing)
        #expect(try !written(CatalogRules.note(isComputing: false, claimed, computing)).isComputing)
        #expect(try !written(CatalogRules.complete(claimed, computing, summary, at: now)).isComputing)
        #expect(
            try !written(CatalogRules.fail(claimed, computing, code: "c", message: "m", under: "v", at: now))
                .isComputing)
        #expect(
            try !written(CatalogRules.postpone(claimed, computing, code: "c", message: "m", until: now)).isComputing)
        #expect(try !written(CatalogRules.release(claimed, computing, isSuspect: true)).isComputing)
    }

    @Test("nothing is noted of a photo that changed or went while it was in hand")
    func changedMeanwhile() throws {
        for current in [nil, pending(), CatalogRules.claim(pending(identity(size: 9)), at: now)] {
            #expect(CatalogRules.note(isComputing: true, working(), current).change == .nothing)
            #expect(CatalogRules.complete(working(), current, summary, at: now).answer == false)
            #expect(CatalogRules.fail(working(), current, code: "c", message: "m", under: "v", at: now).answer == false)
            #expect(CatalogRules.release(working(), current, isSuspect: false).answer == false)
        }
    }

    @Test("a try that was given back does not count; over whom the daemon died is a suspect")
    func release() throws {
        for isSuspect in [false, true] {
            let released = try written(CatalogRules.release(working(), working(), isSuspect: isSuspect))
            #expect(released.attempts == 0)
            #expect(released.isSuspect == isSuspect)
            #expect(released.state == .pending)
        }
    }

    @Test("a photo that is done at last is blamed for nothing")
    func absolution() throws {
        let died = try written(CatalogRules.release(working(), working(), isSuspect: true))
        let claimed = CatalogRules.claim(died, at: now)
        #expect(try written(CatalogRules.complete(claimed, claimed, summary, at: now)).crashes == 0)
    }

    // MARK: Recovery

    /// A record in work that was in hand at `deaths` deaths while it was computed.
    private func left(deaths: Int, isComputing: Bool) throws -> PhotoRecord {
        var record = working()
        for _ in 0..<deaths {
            record = CatalogRules.claim(
                try written(CatalogRules.release(record, record, isSuspect: true)), at: now)
        }
        return isComputing ? try written(CatalogRules.note(isComputing: true, record, record)) : record
    }

    @Test("who was computed when the daemon died is a suspect; no number of deaths sets a photo aside")
    func recovery() throws {
        for deaths in [0, 1, 2, 400] {
            for isComputing in [false, true] {
                let record = try left(deaths: deaths, isComputing: isComputing)
                for file in [identity(), identity(size: 6), nil] {
                    #expect(Recovery(of: record, file: file, proof: nil) == .waits(isSuspect: isComputing))
                }
            }
        }
    }

    @Test("sidecars prove the work, whatever happened afterwards")
    func provenWork() throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        let result = exampleResult(for: photo, Data("photo".utf8))
        try SidecarWriter().write(result.sidecars, beside: photo)
        let proof = try #require(SidecarProof.verified(beside: photo))
        let record = try left(deaths: 5, isComputing: true)
        #expect(Recovery(of: record, file: record.identity, proof: proof) == .finished(result.summary))
        // But for the photo that somebody wants to have done again.
        let again = CatalogRules.claim(try written(CatalogRules.redo(try done(), at: now)), at: now)
        #expect(Recovery(of: again, file: again.identity, proof: proof) == .waits(isSuspect: false))
    }

    // MARK: Again

    private func failed(under version: String) throws -> PhotoRecord {
        try written(CatalogRules.fail(working(), working(), code: "c", message: "m", under: version, at: now))
    }

    @Test("what failed is tried again by another version, and by no other reason than that")
    func reconsidered() throws {
        let failed = try failed(under: "1 a")
        #expect(CatalogRules.reconsider(failed, under: "1 a", at: now).change == .nothing)
        for record in [nil, pending(), working(), try done()] {
            #expect(CatalogRules.reconsider(record, under: "2 a", at: now).change == .nothing)
        }
        let again = try written(CatalogRules.reconsider(failed, under: "2 a", at: now))
        #expect(again == pending())
    }

    @Test("a suspect that was set aside is tried again as a suspect")
    func reconsideredSuspect() throws {
        let suspect = CatalogRules.claim(
            try written(CatalogRules.release(working(), working(), isSuspect: true)), at: now)
        let failed = try written(
            CatalogRules.fail(suspect, suspect, code: "stops-daemon", message: "m", under: "1", at: now))
        #expect(try written(CatalogRules.reconsider(failed, under: "2", at: now)).isSuspect)
        #expect(try written(CatalogRules.redo(failed, at: now)).isSuspect)
    }

    @Test("whoever asks has a photo done again, unless it is in hand; when it is done that is over")
    func redone() throws {
        for record in [pending(), try failed(under: "1"), try done()] {
            let again = try written(CatalogRules.redo(record, at: now))
            #expect(again.state == .pending && again.isForced && again.attempts == 0 && again.errorCode == nil)
            let claimed = CatalogRules.claim(again, at: now)
            #expect(try !written(CatalogRules.complete(claimed, claimed, summary, at: now)).isForced)
            #expect(
                try !written(CatalogRules.fail(claimed, claimed, code: "c", message: "m", under: "1", at: now)).isForced
            )
        }
        #expect(CatalogRules.redo(working(), at: now).answer == false)
        #expect(CatalogRules.redo(nil, at: now).answer == false)
    }

    // MARK: Retry

    @Test("delays grow and have an end")
    func delays() {
        let policy = RetryPolicy(firstDelay: 2)
        #expect((1...4).map(policy.delay(afterAttempt:)) == [2, 4, 8, 16])
        #expect(policy.delay(afterAttempt: 1_000_000) == 300)
    }

    @Test("an error says whether trying again can help; one of unknown nature is tried some times")
    func failures() {
        struct Surprise: Error {}
        let retry = RetryPolicy(attemptsForUnknownErrors: 3)
        func isPermanent(_ error: any Error, _ attempt: Int = 1) -> Bool {
            if case .permanent = WorkFailure(error, attempt: attempt, retry: retry) { true } else { false }
        }
        #expect(isPermanent(PhotoFailure.permanent(code: "empty-file", message: "")))
        #expect(!isPermanent(PhotoFailure.transient(message: "")))
        #expect(!isPermanent(FileError("read", path, errorNumber: ENOSPC)))
        #expect(!isPermanent(FileError("read", path, errorNumber: ENOENT)))
        #expect(isPermanent(FileError("read", path, errorNumber: ENAMETOOLONG)))
        #expect(!isPermanent(Surprise(), 2))
        #expect(isPermanent(Surprise(), 3))
        #expect(WorkFailure(CancellationError(), attempt: 9, retry: retry) == .cancelled)
    }

    // MARK: Turn

    @Test("a photo is due once its retry has come, or where a clock that was set back holds it")
    func due() throws {
        func isDue(retryIn seconds: TimeInterval) throws -> Bool {
            let record = try written(
                CatalogRules.postpone(
                    working(), working(), code: "c", message: "m", until: now.addingTimeInterval(seconds)))
            return Turn(at: now).isDue(record)
        }
        #expect(Turn(at: now).isDue(pending()))
        #expect(!Turn(at: now).isDue(working()))
        #expect(!Turn(at: now, excluding: [path]).isDue(pending()))
        let suspect = try written(CatalogRules.release(working(), working(), isSuspect: true))
        for isOfSuspects in [false, true] {
            #expect(Turn(at: now, isOfSuspects: isOfSuspects).isDue(suspect) == isOfSuspects)
            #expect(Turn(at: now, isOfSuspects: isOfSuspects).isDue(pending()) != isOfSuspects)
        }
        #expect(try isDue(retryIn: 0))
        #expect(try !isDue(retryIn: 1))
        #expect(try !isDue(retryIn: 600))
        #expect(try isDue(retryIn: 601))
    }

    @Test("who waited longest goes first, then the oldest file, then the name")
    func places() {
        func place(_ name: String, _ modified: Int64, _ seconds: TimeInterval) -> Turn.Place {
            PhotoRecord(
                path: FilePath(name), identity: identity(modified: modified), queuedAt: now.addingTimeInterval(seconds)
            ).place
        }
        let order = [place("/c", 9, 0), place("/a", 1, 1), place("/b", 1, 1), place("/a", 2, 1)]
        #expect(order.reversed().sorted() == order)
    }
}
