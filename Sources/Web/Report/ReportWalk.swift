import Files
import Inbox

/// Goes through the photos of a report, kind by kind and page by page. None comes twice, although photos change meanwhile.
struct ReportWalk {
    enum Kind: CaseIterable {
        case failed, doubtful, others
    }

    private let filter: PhotoFilter
    private var offset = 0
    private var kind = Kind.failed
    private var seen: Set<FilePath> = []

    init(_ filter: PhotoFilter) {
        self.filter = filter
    }

    /// The photos of a kind; nil where the filter admits none.
    private func filter(of kind: Kind) -> PhotoFilter? {
        var filter = filter
        func narrows<Value: Equatable>(_ member: WritableKeyPath<PhotoFilter, Value?>, to value: Value) -> Bool {
            defer { filter[keyPath: member] = value }
            return filter[keyPath: member].map { $0 == value } ?? true
        }
        switch kind {
        case .failed:
            return narrows(\.state, to: .failed) && filter.isDoubtful == nil ? filter : nil
        case .doubtful:
            return narrows(\.state, to: .done) && narrows(\.isDoubtful, to: true) ? filter : nil
        case .others:
            return narrows(\.state, to: .done) && narrows(\.isDoubtful, to: false) ? filter : nil
        }
    }

    func count(of kinds: [Kind], in catalog: Catalog) async throws -> Int {
        var count = 0
        for kind in kinds {
            if let filter = filter(of: kind) { count += try await catalog.count(filter) }
        }
        return count
    }

    /// The next photos of a kind, the most doubtful or the latest first; nil at the end. One kind after the other.
    mutating func next(_ kind: Kind, _ limit: Int, in catalog: Catalog) async throws -> [PhotoRecord]? {
        if kind != self.kind { (self.kind, offset) = (kind, 0) }
        guard let filter = filter(of: kind) else { return nil }
        let query = PhotoQuery(
            filter, order: kind == .doubtful ? .mostDoubtful : .latest, offset: offset, limit: limit)
        let records = try await catalog.photos(query).records
        offset += records.count
        return records.isEmpty ? nil : records.filter { seen.insert($0.path).inserted }
    }
}
