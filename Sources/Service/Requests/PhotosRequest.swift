import Files
import Foundation
import Inbox
import WireProtocol

/// Lists photos of the inbox.
struct PhotosRequest: Sendable {
    let catalog: Catalog

    /// - Throws: `RPCError` with `bad-parameter` for bounds that admit nothing.
    func photos(_ parameters: PhotosParameters) async throws -> [WireProtocol.PhotoRecord] {
        let limit = parameters.limit ?? 100
        guard (1...100_000).contains(limit) else {
            throw RPCError(.badParameter, "limit should lie between 1 and 100000, got \(limit)")
        }
        let offset = parameters.offset ?? 0
        guard offset >= 0 else { throw RPCError(.badParameter, "offset should not be negative, got \(offset)") }
        let query = PhotoQuery(
            try filter(parameters), order: parameters.order == .leastCertain ? .leastCertain : .latest, offset: offset,
            limit: limit)
        return try await catalog.photos(query).records.map(WireProtocol.PhotoRecord.init)
    }

    private func filter(_ parameters: PhotosParameters) throws(RPCError) -> PhotoFilter {
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
        return filter
    }
}

extension WireProtocol.PhotoRecord {
    init(_ record: Inbox.PhotoRecord) {
        let summary = record.summary
        self.init(
            path: record.path.string, state: WireProtocol.PhotoState(rawValue: record.state.rawValue) ?? .pending,
            updated: record.changedAt, error: record.errorMessage, warning: summary?.warning, boxes: summary?.boxCount,
            label: summary?.label, probability: summary?.probability, margin: summary?.margin,
            verdict: summary?.verdict, doubtful: summary?.isDoubtful)
    }
}
