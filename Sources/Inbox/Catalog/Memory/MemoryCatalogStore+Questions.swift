import Files
import Foundation
import Synchronization

/// The answers of SQLite's body, by looking at every record.
extension MemoryCatalogStore {
    package func overview(_ filter: PhotoFilter, by period: PeriodLength) -> CatalogOverview {
        let found = state.withLock { state in
            state.records.values.filter(filter.admits).map { record in
                (record, record.summary.map { state.corrections[$0.sha256] != nil } ?? false)
            }
        }
        return CatalogOverview(
            found.map { record, isCorrected in
                let summary = record.summary
                let isDoubtful = summary?.isDoubtful ?? false
                let time = record.changedAt.milliseconds
                return CatalogOverview.Tally(
                    period: period.start(of: time), state: record.state, verdict: summary?.verdict,
                    isOfNothing: summary?.verdict == "undecided" && !isDoubtful && !isCorrected, label: summary?.label,
                    model: summary?.model, modelSHA256: summary?.modelSHA256, photos: 1, doubtful: isDoubtful ? 1 : 0,
                    corrected: isCorrected ? 1 : 0, probabilities: summary?.probability ?? 0,
                    withProbability: summary?.probability == nil ? 0 : 1, earliest: time, latest: time)
            })
    }

    package func failures() -> [String: Int] {
        let failed = state.withLock { $0.records.values.filter { $0.state == .failed } }
        return Dictionary(grouping: failed) { $0.errorCode ?? "unknown" }.mapValues(\.count)
    }

    package func corrections(of digests: [String]?) -> [PhotoCorrection] {
        state.withLock { state in
            if let digests { return digests.compactMap { state.corrections[$0] } }
            return state.corrections.values.sorted { ($0.at, $0.sha256) < ($1.at, $1.sha256) }
        }
    }

    package func set(_ correction: PhotoCorrection) {
        state.withLock { state in
            state.corrections[correction.sha256] = correction
            state.setDoubt(false, ofPhotosWith: correction.sha256)
        }
    }

    package func removeCorrection(of sha256: String) -> Bool {
        state.withLock { state in
            guard let found = state.corrections.removeValue(forKey: sha256) else { return false }
            state.setDoubt(found.wasDoubtful, ofPhotosWith: sha256)
            return true
        }
    }
}

extension MemoryCatalogStore.State {
    fileprivate mutating func setDoubt(_ isDoubtful: Bool, ofPhotosWith sha256: String) {
        for var record in records.values where record.summary?.sha256 == sha256 {
            record.summary?.isDoubtful = isDoubtful
            set(record, at: record.path)
        }
    }
}
