import Files
import Foundation
import Inbox
import WireProtocol

/// Lists and counts photos of the inbox.
struct PhotosRequest: Sendable {
    let catalog: Catalog
    let inbox: FilePath

    /// - Throws: `RPCError` with `bad-parameter` for bounds that admit nothing.
    func photos(_ parameters: PhotosParameters) async throws -> [WireProtocol.PhotoRecord] {
        let limit = parameters.limit ?? 100
        guard (1...100_000).contains(limit) else {
            throw RPCError(.badParameter, "limit should lie between 1 and 100000, got \(limit)")
        }
        let offset = parameters.offset ?? 0
        guard offset >= 0 else { throw RPCError(.badParameter, "offset should not be negative, got \(offset)") }
        let query = PhotoQuery(
            try filter(parameters), order: PhotoQuery.Order(parameters.order ?? .latest), offset: offset, limit: limit)
        let records = try await catalog.photos(query).records
        let answers = try await catalog.corrections(of: records.compactMap { $0.summary?.sha256 })
        let answersByDigest = Dictionary(answers.map { ($0.sha256, $0.answer.rawValue) }) { first, _ in first }
        return records.map { record in
            WireProtocol.PhotoRecord(record, correction: record.summary.flatMap { answersByDigest[$0.sha256] })
        }
    }

    func overview(_ parameters: OverviewParameters) async throws -> OverviewResult {
        let offset = parameters.secondsFromGMT ?? 0
        guard abs(offset) <= 86_400 else {
            throw RPCError(.badParameter, "secondsFromGMT should lie within a day, got \(offset)")
        }
        let period = PeriodLength(seconds: parameters.period == .hour ? 3600 : 86_400, secondsFromGMT: offset)
        return OverviewResult(
            try await catalog.overview(try filter(parameters.filter ?? PhotosParameters()), by: period))
    }

    func filter(_ parameters: PhotosParameters) throws(RPCError) -> PhotoFilter {
        var filter = PhotoFilter(
            state: parameters.state.flatMap { Inbox.PhotoState(rawValue: $0.rawValue) }, label: parameters.label,
            verdict: parameters.verdict, isDoubtful: parameters.doubtful)
        if parameters.minProbability != nil || parameters.maxProbability != nil {
            let (from, to) = (parameters.minProbability ?? 0, parameters.maxProbability ?? 1)
            guard (0...1).contains(from), (from...1).contains(to) else {
                throw RPCError(
                    .badParameter, "minProbability and maxProbability should be 0…1 and in order, got \(from) and \(to)"
                )
            }
            filter.probability = from...to
        }
        if parameters.since != nil || parameters.until != nil {
            let (from, to) = (parameters.since ?? .distantPast, parameters.until ?? .distantFuture)
            guard from <= to else { throw RPCError(.badParameter, "since should not be later than until") }
            filter.changed = from..<to
        }
        filter.root = inbox
        filter.words = (parameters.words ?? "").split(separator: " ").map(String.init)
        if let folder = parameters.folder {
            guard folder.hasPrefix("/") else {
                throw RPCError(.badParameter, "'folder' should be an absolute path, got '\(folder)'")
            }
            filter.folder = FilePath(folder)
        }
        return filter
    }
}

extension PhotoQuery.Order {
    fileprivate init(_ order: PhotosParameters.Order) {
        switch order {
        case .latest: self = .latest
        case .leastCertain: self = .leastCertain
        case .mostDoubtful: self = .mostDoubtful
        }
    }
}

extension OverviewResult {
    init(_ overview: CatalogOverview) {
        self.init(
            all: Share(overview.all), periods: overview.periods.map { Period(start: $0.start, share: Share($0.share)) },
            networks: overview.networks.map {
                Network(name: $0.name, sha256: $0.sha256, first: $0.first, last: $0.last, share: Share($0.share))
            })
    }
}

extension OverviewResult.Share {
    fileprivate init(_ share: CatalogOverview.Share) {
        self.init(
            photos: share.photos, doubtful: share.doubtful, corrected: share.corrected, failed: share.failed,
            ofNothing: share.ofNothing, verdicts: share.verdicts, labels: share.labels,
            meanProbability: share.meanProbability)
    }
}
