/// Points of one number of dimensions, one after the other.
public struct Points: Sendable {
    public let dimensions: Int
    public let count: Int
    /// [count, dimensions].
    public let values: [Float]

    /// - Parameter rows: all of one length; what is not finite counts as 0.
    public init(_ rows: [[Float]]) {
        dimensions = rows.first?.count ?? 0
        precondition(rows.allSatisfy { [dimensions] in $0.count == dimensions }, "points of different dimensions")
        count = rows.count
        values = rows.flatMap { $0.map { $0.isFinite ? $0 : 0 } }
    }

    public func point(_ index: Int) -> ArraySlice<Float> {
        values[index * dimensions..<(index + 1) * dimensions]
    }
}
