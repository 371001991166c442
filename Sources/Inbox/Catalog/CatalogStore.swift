package import Files
package import Foundation

/// Where the catalog's records lie: a body keeps records and finds them again. What they mean and how they change, the
/// rules say (``CatalogRules``, ``Turn``); a body calls them inside its transaction.
package protocol CatalogStore: Sendable {
    /// The records of `paths`, in their order; `nil` where there is none.
    func records(of paths: [FilePath]) async throws(CatalogError) -> [PhotoRecord?]

    /// Asks `decide` about each of `paths` in order, with its place among them and its present record, and does what it
    /// says; all in one transaction. What is decided about a path is seen by a later decision about the same path.
    ///
    /// - Returns: the answers, in the order of `paths`.
    func change<Answer: Sendable>(
        _ paths: [FilePath],
        _ decide: @escaping @Sendable (_ index: Int, PhotoRecord?) -> RecordDecision<Answer>
    ) async throws(CatalogError) -> [Answer]

    /// Finds the first photo, by its place in the queue, that is due in `turn`, and writes what `claim` makes of its
    /// record; in one transaction, so that nobody else gets the same photo.
    ///
    /// - Returns: what `claim` made; `nil` where no photo is due.
    func claimFirst(
        _ turn: Turn, _ claim: @escaping @Sendable (PhotoRecord) -> PhotoRecord
    ) async throws(CatalogError) -> PhotoRecord?

    func counts() async throws(CatalogError) -> CatalogCounts

    /// How many photos have failed, by the code of their error.
    func failures() async throws(CatalogError) -> [String: Int]

    /// How many records `filter` admits.
    func count(_ filter: PhotoFilter) async throws(CatalogError) -> Int

    /// A page of the records that the query's filter admits, in its order, equals by the bytes of their paths.
    func find(_ query: PhotoQuery) async throws(CatalogError) -> [PhotoRecord]

    /// Up to `limit` records that `filter` admits in the order of their paths' bytes, from the first one after `path`.
    func page(after path: FilePath?, limit: Int, _ filter: PhotoFilter) async throws(CatalogError) -> [PhotoRecord]

    /// How many photos that `filter` admits are of which kind.
    func overview(_ filter: PhotoFilter, by period: PeriodLength) async throws(CatalogError) -> CatalogOverview

    /// What people say of the photos with these digests, in their order, those left out of which nobody says anything;
    /// where there are none given, of all, by the time of the answer and then by digest.
    func corrections(of digests: [String]?) async throws(CatalogError) -> [PhotoCorrection]

    /// Keeps what a person says of a photo, in the place of an earlier answer. Nobody else needs to look at it then.
    func set(_ correction: PhotoCorrection) async throws(CatalogError)

    /// Forgets what a person said of a photo, which is in doubt again where it was before. Returns whether there was an answer.
    func removeCorrection(of sha256: String) async throws(CatalogError) -> Bool

    /// The photos in hand, by the time at which their work began.
    func working() async throws(CatalogError) -> [PhotoRecord]

    /// The earliest retry after `now` of a waiting photo.
    func earliestRetry(after now: Date) async throws(CatalogError) -> Date?

    /// Adds to figures that outlive the process; one that is not there yet is 0.
    func add(_ amounts: [String: Double]) async throws(CatalogError)

    /// All figures.
    func figures() async throws(CatalogError) -> [String: Double]

    /// When the photo that waits longest was queued; nil where none waits.
    func oldestWaiting() async throws(CatalogError) -> Date?

    /// How the place is in which the records lie; with `examined`, after a look at all of it.
    func condition(examined: Bool) async throws(CatalogError) -> CatalogCondition

    /// Copies the records to where a damage of their place does not reach them.
    func backUp() async throws(CatalogError)
}
