/// Where along an axis the largest or smallest value stands: integers.
public struct Extremum: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable { case maximum, minimum }

    public var kind: Kind
    public var axis: Int
    /// The axis stays, with extent 1.
    public var keepsAxis: Bool
    /// Of equal values the last counts, not the first.
    public var countsLast: Bool

    public init(kind: Kind, axis: Int, keepsAxis: Bool, countsLast: Bool) {
        self.kind = kind
        self.axis = axis
        self.keepsAxis = keepsAxis
        self.countsLast = countsLast
    }
}

/// The largest or smallest values along an axis, in order; of equal ones, the first comes first.
public struct Ranking: Sendable, Hashable {
    public var axis: Int
    public var isDescending: Bool

    public init(axis: Int, isDescending: Bool) {
        self.axis = axis
        self.isDescending = isDescending
    }
}

/// Sums of all values up to each along an axis.
public struct Accumulation: Sendable, Hashable {
    /// The value itself is left out.
    public var isExclusive: Bool
    /// From the last to the first.
    public var isReversed: Bool

    public init(isExclusive: Bool, isReversed: Bool) {
        self.isExclusive = isExclusive
        self.isReversed = isReversed
    }
}

/// The triangle of a matrix that stays; all else becomes 0.
public struct Triangle: Sendable, Hashable {
    public var isUpper: Bool

    public init(isUpper: Bool) { self.isUpper = isUpper }

    /// Whether a value stays where the diagonal is moved `diagonal` columns to the right.
    package func keeps(row: Int, column: Int, diagonal: Int) -> Bool {
        isUpper ? column - row >= diagonal : column - row <= diagonal
    }
}
