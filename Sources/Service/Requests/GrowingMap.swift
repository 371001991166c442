import Interpretation
import Synchronization
import WireProtocol

/// A map that is being made: written as often as it grows, read as often as a notification is sent.
final class GrowingMap: Sendable {
    private let latest = Mutex<PartialMap?>(nil)

    func show(_ map: PartialMap) { latest.withLock { $0 = map } }

    func payload() -> PartialMapPayload? { latest.withLock { $0 }.map(PartialMapPayload.init) }
}

extension PartialMapPayload {
    /// Every nth row and column of a large map.
    init(_ map: PartialMap) {
        let step = max((max(map.rows, map.columns) + Self.largestSide - 1) / Self.largestSide, 1)
        let rows = Array(stride(from: 0, to: map.rows, by: step))
        let columns = Array(stride(from: 0, to: map.columns, by: step))
        self.init(
            rows: rows.count, columns: columns.count,
            values: rows.flatMap { row in
                columns.map { column in
                    let value = map.values[row * map.columns + column]
                    return value.isFinite ? Double(value).rounded(toPlaces: 4) : nil
                }
            })
    }
}
