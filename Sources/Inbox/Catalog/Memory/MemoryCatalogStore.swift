package import Files
package import Foundation
import Synchronization

/// Records in memory, for one pass over a folder: forgotten when the process ends.
package final class MemoryCatalogStore: CatalogStore {
    struct State {
        private(set) var records: [FilePath: PhotoRecord] = [:]
        /// The waiting photos, in the order of their turn.
        private(set) var waiting: [Turn.Place] = []
        /// Waiting photos with a time before which they are not tried.
        private(set) var postponed: Set<FilePath> = []
        private(set) var counts = CatalogCounts()
        /// By the digest of the photo's bytes.
        var corrections: [String: PhotoCorrection] = [:]
        var figures: [String: Double] = [:]
        /// For walks over everything: all paths in order; may name some that are gone. Made when it is asked for.
        private var sortedPaths: [FilePath]?

        mutating func apply<Answer>(_ decision: RecordDecision<Answer>, to path: FilePath) -> Answer {
            switch decision.change {
            case .nothing: break
            case .write(let record): set(record, at: path)
            case .remove: set(nil, at: path)
            }
            return decision.answer
        }

        mutating func set(_ record: PhotoRecord?, at path: FilePath) {
            if let old = records[path] {
                counts[old.state] -= 1
                postponed.remove(path)
                if old.state == .pending { waiting.remove(at: position(of: old.place)) }
            } else {
                sortedPaths = nil
            }
            records[path] = record
            guard let record else { return }
            counts[record.state] += 1
            guard record.state == .pending else { return }
            if record.retryAt != nil { postponed.insert(path) }
            waiting.insert(record.place, at: position(of: record.place))
        }

        mutating func page(after path: FilePath?, limit: Int, _ filter: PhotoFilter) -> [PhotoRecord] {
            let paths = sortedPaths ?? records.keys.sorted()
            sortedPaths = paths
            let start = path.map { path in paths.partition { $0 > path } } ?? 0
            let found = paths[start...].lazy.compactMap { [records] in records[$0] }
            return Array(found.filter(filter.admits).prefix(limit))
        }

        /// Where `place` stands in the queue, or would.
        private func position(of place: Turn.Place) -> Int { waiting.partition { $0 >= place } }
    }

    let state = Mutex(State())

    package init() {}

    package func records(of paths: [FilePath]) -> [PhotoRecord?] {
        state.withLock { state in paths.map { state.records[$0] } }
    }

    package func change<Answer: Sendable>(
        _ paths: [FilePath],
        _ decide: @escaping @Sendable (_ index: Int, PhotoRecord?) -> RecordDecision<Answer>
    ) -> [Answer] {
        state.withLock { state in
            paths.enumerated().map { index, path in state.apply(decide(index, state.records[path]), to: path) }
        }
    }

    package func claimFirst(
        _ turn: Turn, _ claim: @escaping @Sendable (PhotoRecord) -> PhotoRecord
    ) -> PhotoRecord? {
        state.withLock { state in
            for place in state.waiting {
                guard let record = state.records[place.path], turn.isDue(record) else { continue }
                let claimed = claim(record)
                state.set(claimed, at: place.path)
                return claimed
            }
            return nil
        }
    }

    package func counts() -> CatalogCounts { state.withLock { $0.counts } }

    package func count(_ filter: PhotoFilter) -> Int {
        state.withLock { state in state.records.values.count(where: filter.admits) }
    }

    package func find(_ query: PhotoQuery) -> [PhotoRecord] {
        let records = state.withLock { Array($0.records.values) }
        return Array(
            records.filter(query.filter.admits).sorted { query.order.puts($0, before: $1) }
                .dropFirst(query.offset).prefix(query.limit))
    }

    package func page(after path: FilePath?, limit: Int, _ filter: PhotoFilter) -> [PhotoRecord] {
        state.withLock { $0.page(after: path, limit: limit, filter) }
    }

    package func working() -> [PhotoRecord] {
        let records = state.withLock { Array($0.records.values) }
        return records.filter { $0.state == .working }
            .sorted { ($0.startedAt ?? .distantPast, $0.path) < ($1.startedAt ?? .distantPast, $1.path) }
    }

    package func add(_ amounts: [String: Double]) {
        state.withLock { $0.figures.merge(amounts, uniquingKeysWith: +) }
    }

    package func figures() -> [String: Double] { state.withLock { $0.figures } }

    package func oldestWaiting() -> Date? { state.withLock { $0.waiting.first?.queuedAt } }

    /// There is no file.
    package func condition(examined: Bool) -> CatalogCondition { CatalogCondition() }
    package func backUp() {}

    package func earliestRetry(after now: Date) -> Date? {
        state.withLock { state in
            state.postponed.compactMap { state.records[$0]?.retryAt }.filter { $0 > now }.min()
        }
    }
}

extension PhotoQuery.Order {
    fileprivate func puts(_ left: PhotoRecord, before right: PhotoRecord) -> Bool {
        switch self {
        case .latest: break
        case .mostDoubtful:
            func rank(_ record: PhotoRecord) -> Int {
                ["looks-elsewhere", "looks-partly", "undecided"].firstIndex(of: record.summary?.verdict) ?? 3
            }
            if rank(left) != rank(right) { return rank(left) < rank(right) }
            return PhotoQuery.Order.leastCertain.puts(left, before: right)
        case .leastCertain:
            let (mine, other) = (left.summary?.margin ?? .infinity, right.summary?.margin ?? .infinity)
            if mine != other { return mine < other }
        }
        return (right.changedAt, left.path) < (left.changedAt, right.path)
    }
}

extension Array {
    /// The index of the first element of a sorted array that `belongsBehind`, by halving.
    fileprivate func partition(_ belongsBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
