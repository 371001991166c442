/// Who is whose neighbour, as a sparse symmetric matrix W = (A + Aᵀ)/2, where A is 1 for each point's nearest neighbours and
/// 0 elsewhere: 1 where two points are each other's neighbours, ½ where one is the other's. It is the affinity of spectral
/// relevance analysis (Lapuschkin et al. 2019, methods; CoRelAy's `SparseKNN`).
public struct AffinityGraph: Sendable {
    /// Where each row begins in `columns`, and where the last one ends: count + 1 numbers.
    private let starts: [Int]
    private let columns: [Int]
    /// D^(−½) W D^(−½), where D are the row sums of W.
    private let normalized: [Double]
    public let count: Int

    public init(_ neighbours: NearestNeighbours, points: Int) {
        count = points
        var rows = [[Int: Double]](repeating: [:], count: points)
        for row in 0..<points {
            for column in neighbours.neighbours(of: row) {
                rows[row][column, default: 0] += 0.5
                rows[column][row, default: 0] += 0.5
            }
        }
        let scale = rows.map { row in
            let degree = row.values.reduce(0, +)
            return degree > 0 ? 1 / degree.squareRoot() : 0
        }
        var (starts, columns, normalized) = ([0], [Int](), [Double]())
        for (index, row) in rows.enumerated() {
            for (column, weight) in row.sorted(by: { $0.key < $1.key }) {
                columns.append(column)
                normalized.append(weight * scale[index] * scale[column])
            }
            starts.append(columns.count)
        }
        (self.starts, self.columns, self.normalized) = (starts, columns, normalized)
    }

    /// D^(−½) W D^(−½) · x. The symmetric normalized Laplacian is the identity minus this; its eigenvalues lie in 0…2, this
    /// matrix's in −1…1.
    func times(_ vector: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: count)
        vector.withUnsafeBufferPointer { vector in
            for row in 0..<count {
                var sum = 0.0
                for index in starts[row]..<starts[row + 1] { sum += normalized[index] * vector[columns[index]] }
                result[row] = sum
            }
        }
        return result
    }
}
