/// A dense matrix in double precision, row by row. Small enough to be printed: the lesson's matrices, not a network's.
public struct Matrix: Hashable, Sendable, Codable {
    public let rows: Int
    public let columns: Int
    /// [rows·columns].
    public private(set) var values: [Double]

    /// All zero.
    ///
    /// - Throws: `DeconvolutionError.size` for negative extents or more than 2²⁴ values.
    public init(rows: Int, columns: Int) throws(DeconvolutionError) {
        let (count, isTooLarge) = rows.multipliedReportingOverflow(by: columns)
        guard rows >= 0, columns >= 0, !isTooLarge, count <= 1 << 24 else {
            throw .size("a matrix of \(rows) by \(columns) is too large for this")
        }
        self.rows = rows
        self.columns = columns
        values = [Double](repeating: 0, count: count)
    }

    /// The value in row `row` and column `column`, which must be inside.
    public internal(set) subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    public var isSquare: Bool { rows == columns }

    /// Row `index`, which must be inside.
    public func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }

    /// A·v [rows].
    ///
    /// - Throws: `DeconvolutionError.size` unless `vector` has as many values as the matrix columns.
    public func times(_ vector: [Double]) throws(DeconvolutionError) -> [Double] {
        guard vector.count == columns else {
            throw .size("a matrix of \(columns) columns cannot be applied to \(vector.count) values")
        }
        return (0..<rows).map { row in
            (0..<columns).reduce(0) { $0 + values[row * columns + $1] * vector[$1] }
        }
    }

    /// Aᵀ.
    public var transposed: Matrix {
        var result = self.resized(rows: columns, columns: rows)
        for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
        return result
    }

    /// A·Aᵀ: the inner products of all rows with each other.
    public var gram: Matrix {
        var result = self.resized(rows: rows, columns: rows)
        for first in 0..<rows {
            for second in 0..<rows {
                result[first, second] = (0..<columns).reduce(0) { $0 + self[first, $1] * self[second, $1] }
            }
        }
        return result
    }

    /// Largest magnitude of what has to be added to make the identity of it; nil where it is not square.
    public var distanceFromIdentity: Double? {
        guard isSquare else { return nil }
        return values.indices.reduce(0) { largest, index in
            max(largest, abs(values[index] - (index / columns == index % columns ? 1 : 0)))
        }
    }

    /// Largest magnitude beside the diagonal; 0 where all rows of the matrix it is the Gram matrix of are orthogonal.
    public var largestOffDiagonal: Double {
        values.indices.reduce(0) { $1 / max(columns, 1) == $1 % max(columns, 1) ? $0 : max($0, abs(values[$1])) }
    }

    /// Zeros under extents whose product is known to be small.
    private func resized(rows: Int, columns: Int) -> Matrix { Matrix(trustedRows: rows, columns: columns) }

    private init(trustedRows: Int, columns: Int) {
        rows = trustedRows
        self.columns = columns
        values = [Double](repeating: 0, count: trustedRows * columns)
    }
}

/// Why something cannot be worked out.
public enum DeconvolutionError: Error, Equatable, CustomStringConvertible {
    /// Lengths that do not go together.
    case size(String)
    /// A filter, stride or padding that makes no convolution.
    case geometry(String)

    public var description: String {
        switch self {
        case .size(let reason), .geometry(let reason): reason
        }
    }
}
