/// A corner of the upright photo.
public enum PhotoCorner: String, Sendable, Hashable, CaseIterable {
    case upperLeft = "upper left"
    case upperRight = "upper right"
    case lowerLeft = "lower left"
    case lowerRight = "lower right"

    /// So much of each side is the corner's: 14 % of the photo.
    static let extent = 0.375
    /// Evidence lies in a corner where so much of it does.
    static let leastShare: Float = 0.5

    /// The corner in which most of a map lies; nil where it lies in none.
    ///
    /// - Parameter map: [side, side], 0 or above.
    static func holdingMost(of map: [Float]) -> PhotoCorner? {
        let side = Int(Double(map.count).squareRoot())
        let total = map.reduce(0, +)
        guard side > 0, total > 0 else { return nil }
        return allCases.first { $0.share(of: map, side) >= leastShare * total }
    }

    /// The sum over the corner.
    private func share(of map: [Float], _ side: Int) -> Float {
        let count = Int((Double(side) * Self.extent).rounded())
        let (near, far) = (0..<count, side - count..<side)
        let rows = self == .upperLeft || self == .upperRight ? near : far
        let columns = self == .upperLeft || self == .lowerLeft ? near : far
        return rows.reduce(0) { sum, row in columns.reduce(sum) { $0 + map[row * side + $1] } }
    }
}
