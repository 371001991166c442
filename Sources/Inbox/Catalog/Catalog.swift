public import Files
public import Foundation
public import Logging

/// What the daemon remembers of every photo: the rules (``CatalogRules``) over a store of records.
///
/// The rules keep a photo from being lost or done twice:
/// - A photo is in the catalog before work starts, and is `done` only after its sidecars have their final names.
/// - A photo that has not changed (size and times) is not queued again; one that has is. Where only its time of change
///   moved, its bytes decide. A photo under another name is another photo.
/// - `working` at start means that the daemon was killed: where the sidecars prove the work (``SidecarProof``) the photo
///   is `done`, otherwise it waits again. One that was being computed is a suspect: it is done after all others, and in
///   a process of its own, so that only what ends that process is set aside.
/// - A photo that failed is tried again when it changes, by another version of the program, with other networks, and when
///   somebody asks for it.
/// - A photo without a record whose sidecars prove the work is taken over as `done`. One that is `done` and lacks a sidecar
///   is done again, but where they were taken away because they were kept long enough (``expire(before:)``).
/// - A photo that is gone is forgotten, and its sidecars go with it.
public struct Catalog: Sendable {
    private let store: any CatalogStore

    /// A catalog whose records lie in `store`.
    package init(store: any CatalogStore) {
        self.store = store
    }

    /// Opens the catalog in the SQLite file at `path`, or makes it. One that is damaged is set aside under a dated name,
    /// with a line in the log; its backup takes its place, or a new one.
    ///
    /// - Throws: `CatalogError.inUse`, `.newerVersion`, `.unavailable`.
    public init(at path: String, logger: Logger) throws(CatalogError) {
        self.init(store: try SQLiteCatalogStore(at: path, logger: logger))
    }

    /// A catalog for one pass over a folder, forgotten afterwards; the sidecars remember.
    public static func inMemory() -> Catalog {
        Catalog(store: MemoryCatalogStore())
    }

    // MARK: Questions

    /// What is known of the photo at `path`.
    public func record(of path: FilePath) async throws(CatalogError) -> PhotoRecord? {
        try await store.records(of: [path]).first ?? nil
    }

    /// How many photos are in which state.
    public func counts() async throws(CatalogError) -> CatalogCounts {
        try await store.counts()
    }

    /// How many photos have failed, by the code of their error.
    public func failures() async throws(CatalogError) -> [String: Int] {
        try await store.failures()
    }

    /// Seconds that the photo which waits longest has waited; nil where none waits.
    public func longestWait(at now: Date = Date()) async throws(CatalogError) -> Double? {
        try await store.oldestWaiting().map { max(0, now.timeIntervalSince($0).rounded()) }
    }

    /// How often events of the inbox were lost, since there is this catalog.
    public func overflows() async throws(CatalogError) -> Int {
        Int(try await store.figures()[CatalogFigures.overflows] ?? 0)
    }

    /// The photos that changed last, newest first; of one state only where `state` is given.
    public func latest(_ limit: Int, in state: PhotoState? = nil) async throws(CatalogError) -> [PhotoRecord] {
        try await store.find(PhotoQuery(PhotoFilter(state: state), limit: limit))
    }

    /// How many photos `filter` admits.
    public func count(_ filter: PhotoFilter) async throws(CatalogError) -> Int {
        try await store.count(filter)
    }

    /// A page of the photos that a query means, and how many it means in all.
    public func photos(_ query: PhotoQuery) async throws(CatalogError) -> PhotoPage {
        PhotoPage(records: try await store.find(query), total: try await store.count(query.filter))
    }

    /// Up to `limit` records that `filter` admits in the order of their paths, from the first one after `path`: for walks
    /// over everything.
    public func page(
        after path: FilePath?, limit: Int, _ filter: PhotoFilter = PhotoFilter()
    ) async throws(CatalogError) -> [PhotoRecord] {
        try await store.page(after: path, limit: max(0, limit), filter)
    }

    /// The photos that are being worked on; at start, those that a killed daemon left.
    public func working() async throws(CatalogError) -> [PhotoRecord] {
        try await store.working()
    }

    /// When the next photo that failed for a passing reason may be tried again; `nil` where none waits.
    public func nextRetry(after now: Date) async throws(CatalogError) -> Date? {
        try await store.earliestRetry(after: now)
    }

    /// How the place is in which the records lie; with `examined`, after a look at all of it.
    public func condition(examined: Bool = false) async throws(CatalogError) -> CatalogCondition {
        try await store.condition(examined: examined)
    }

    /// Copies the records to where a damage of the catalog does not reach them.
    public func backUp() async throws(CatalogError) { try await store.backUp() }

    /// How many photos that `filter` admits are of which kind.
    public func overview(
        _ filter: PhotoFilter, by period: PeriodLength
    ) async throws(CatalogError) -> CatalogOverview {
        try await store.overview(filter, by: period)
    }

    // MARK: What people say

    /// Of the photos with these digests, as far as there is an answer; of all, earliest first, where none are given.
    public func corrections(of digests: [String]? = nil) async throws(CatalogError) -> [PhotoCorrection] {
        try await store.corrections(of: digests)
    }

    /// Keeps what a person says of a photo, in the place of an earlier answer.
    public func set(_ correction: PhotoCorrection) async throws(CatalogError) { try await store.set(correction) }

    /// Forgets what a person said of the photo with this digest. Returns whether there was something.
    public func removeCorrection(of sha256: String) async throws(CatalogError) -> Bool {
        try await store.removeCorrection(of: sha256)
    }

    // MARK: Admission

    /// The photos that are not known as they are, each with the look at its bytes that its admission needs.
    package func news(in photos: [SettledPhoto]) async throws(CatalogError) -> [(
        photo: SettledPhoto, look: RequiredLook
    )] {
        let records = try await store.records(of: photos.map(\.path))
        return zip(photos, records).compactMap { photo, record in
            CatalogRules.requiredLook(for: photo, record).map { (photo, $0) }
        }
    }

    /// Takes note of settled photos, all in one transaction. Answers in the same order.
    public func admit(_ photos: [SettledPhoto], at now: Date = Date()) async throws(CatalogError) -> [Admission] {
        try await store.change(photos.map(\.path)) { index, record in
            CatalogRules.admit(photos[index], record, at: now)
        }
    }

    /// Forgets the photo at `path`, which is gone. Returns whether it was known.
    @discardableResult
    public func drop(_ path: FilePath) async throws(CatalogError) -> Bool {
        try await change(path) { record in RecordDecision(record == nil ? .nothing : .remove, record != nil) }
    }

    // MARK: Work

    /// Starts work on the photo that has waited longest; `nil` where none is due.
    ///
    /// - Parameters:
    ///   - excluding: photos still in hand; one of them may have changed and wait again.
    ///   - suspect: whether one is wanted that may have ended the daemon, or any other.
    public func claimNext(
        excluding: Set<FilePath> = [], suspect: Bool = false, at now: Date = Date()
    ) async throws(CatalogError) -> PhotoRecord? {
        try await store.claimFirst(Turn(at: now, excluding: excluding, isOfSuspects: suspect)) {
            CatalogRules.claim($0, at: now)
        }
    }

    /// What the processor of a claimed photo is given.
    package func queuedPhoto(_ record: PhotoRecord) -> QueuedPhoto {
        QueuedPhoto(
            path: record.path, identity: record.identity, attempt: record.attempts, isSuspect: record.isSuspect,
            computing: ComputingMark { isComputing in
                // The task may be cancelled, and the store would refuse; a task of its own is not. That the note fails
                // is no reason to leave the photo undone: at worst it is suspected wrongly.
                await Task { _ = try? await note(isComputing: isComputing, record) }.value
            })
    }

    /// Notes that the photo is being computed, or no longer is; where the daemon dies meanwhile, the photo is a suspect.
    ///
    /// - Returns: `false` where the photo has changed since it was claimed or is gone.
    @discardableResult
    package func note(isComputing: Bool, _ record: PhotoRecord) async throws(CatalogError) -> Bool {
        try await change(record.path) { CatalogRules.note(isComputing: isComputing, record, $0) }
    }

    /// The sidecars of the photo have their final names.
    ///
    /// - Returns: `false` where the photo has changed since it was claimed (it waits again) or is gone.
    @discardableResult
    public func complete(
        _ record: PhotoRecord, _ summary: PhotoSummary, at now: Date = Date()
    ) async throws(CatalogError) -> Bool {
        try await change(record.path) { CatalogRules.complete(record, $0, summary, at: now) }
    }

    /// The photo cannot be done; it rests until the file changes, or the program and the networks do.
    ///
    /// - Parameter version: of program and networks.
    @discardableResult
    public func fail(
        _ record: PhotoRecord, code: String, message: String, under version: String = "", at now: Date = Date()
    ) async throws(CatalogError) -> Bool {
        try await change(record.path) {
            CatalogRules.fail(record, $0, code: code, message: message, under: version, at: now)
        }
    }

    /// The photo could not be done for a passing reason; it is tried again at `retryAt`.
    @discardableResult
    public func postpone(
        _ record: PhotoRecord, code: String, message: String, until retryAt: Date
    ) async throws(CatalogError) -> Bool {
        try await change(record.path) {
            CatalogRules.postpone(record, $0, code: code, message: message, until: retryAt)
        }
    }

    /// Gives a photo back unfinished; its try does not count. With `isSuspect`, notes that the daemon died over it.
    public func release(_ record: PhotoRecord, isSuspect: Bool = false) async throws(CatalogError) {
        _ = try await change(record.path) { CatalogRules.release(record, $0, isSuspect: isSuspect) }
    }

    // MARK: Figures

    /// Adds to figures that outlive the process.
    package func add(_ amounts: [String: Double]) async throws(CatalogError) {
        guard !amounts.isEmpty else { return }
        try await store.add(amounts)
    }

    /// What outlives the process, and what the records say at this moment: name → number.
    public func figures(at now: Date = Date()) async throws(CatalogError) -> [String: Double] {
        var figures = CatalogFigures.accumulated(try await store.figures())
        let counts = try await store.counts()
        figures["photos_queued"] = Double(counts.pending)
        figures["photos_working"] = Double(counts.working)
        figures["photos_done"] = Double(counts.done)
        figures["photos_failed"] = Double(counts.failed)
        figures["oldest_waiting_seconds"] = try await longestWait(at: now) ?? 0
        return figures
    }

    // MARK: Again

    /// Of `paths` those whose sidecars should be there.
    func delivered(among paths: [FilePath]) async throws(CatalogError) -> [FilePath] {
        try await store.records(of: paths).compactMap { record in
            guard let record, record.state == .done, !record.isExpired else { return nil }
            return record.path
        }
    }

    /// Notes of photos that were done before `date` that their sidecars need not be there, up to `limit` of them.
    ///
    /// - Returns: these photos.
    func expire(before date: Date, limit: Int) async throws(CatalogError) -> [FilePath] {
        let filter = PhotoFilter(state: .done, changed: .distantPast..<date, isExpired: false)
        let paths = try await store.page(after: nil, limit: limit, filter).map(\.path)
        let answers = try await store.change(paths) { _, record in CatalogRules.expire(record, before: date) }
        return zip(paths, answers).filter(\.1).map(\.0)
    }

    /// Has the photos that failed under another program or other networks tried again. Returns how many.
    public func reconsider(under version: String, at now: Date = Date()) async throws(CatalogError) -> Int {
        try await changeAll(PhotoFilter(state: .failed)) { CatalogRules.reconsider($0, under: version, at: now) }
    }

    /// Has photos done again, whatever their sidecars say. Returns of each whether it waits now; one that is not known,
    /// or is in hand at this moment, does not.
    public func redo(_ paths: [FilePath], at now: Date = Date()) async throws(CatalogError) -> [Bool] {
        try await store.change(paths) { _, record in CatalogRules.redo(record, at: now) }
    }

    /// Has all photos done again that `filter` admits. Returns how many.
    public func redoAll(_ filter: PhotoFilter, at now: Date = Date()) async throws(CatalogError) -> Int {
        try await changeAll(filter) { CatalogRules.redo($0, at: now) }
    }

    /// Asks `decide` about the records that `filter` admits, page by page. Returns how many it said yes to.
    private func changeAll(
        _ filter: PhotoFilter, _ decide: @escaping @Sendable (PhotoRecord?) -> RecordDecision<Bool>
    ) async throws(CatalogError) -> Int {
        var last: FilePath?
        var count = 0
        while true {
            let paths = try await page(after: last, limit: 256, filter).map(\.path)
            guard let end = paths.last else { return count }
            last = end
            count += try await store.change(paths) { _, record in decide(record) }.count { $0 }
        }
    }

    private func change(
        _ path: FilePath, _ decide: @escaping @Sendable (PhotoRecord?) -> RecordDecision<Bool>
    ) async throws(CatalogError) -> Bool {
        try await store.change([path]) { _, record in decide(record) }.first ?? false
    }
}
