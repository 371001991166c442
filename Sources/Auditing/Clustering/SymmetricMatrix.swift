/// A small dense symmetric matrix.
struct SymmetricMatrix {
    let order: Int
    /// Row by row.
    var values: [Double]

    init(order: Int, _ value: (Int, Int) -> Double) {
        self.order = order
        values = [Double](repeating: 0, count: order * order)
        for row in 0..<order {
            for column in row..<order {
                let entry = value(row, column)
                values[row * order + column] = entry
                values[column * order + row] = entry
            }
        }
    }

    /// Rotations through all entries; more than ten are not seen in practice.
    private static let mostSweeps = 60

    /// All eigenvalues, largest first, each with its vector of length 1: Jacobi's rotations, cyclically (Golub and Van Loan,
    /// Matrix Computations, 8.5), until nothing beside the diagonal is left that Double could tell from 0.
    var eigenpairs: [(value: Double, vector: [Double])] {
        var a = values
        var vectors = [Double](repeating: 0, count: order * order)
        for index in 0..<order { vectors[index * order + index] = 1 }
        let size = values.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<Self.mostSweeps {
            var beside = 0.0
            for row in 0..<order {
                for column in 0..<row { beside += a[row * order + column] * a[row * order + column] }
            }
            if beside <= size * 1e-32 { break }
            for p in 0..<order { for q in p + 1..<max(order, p + 1) { rotate(&a, &vectors, p, q) } }
        }
        return (0..<order).sorted { a[$0 * order + $0] > a[$1 * order + $1] }.map { column in
            (a[column * order + column], (0..<order).map { vectors[$0 * order + column] })
        }
    }

    /// Makes entry (p, q) zero.
    private func rotate(_ a: inout [Double], _ vectors: inout [Double], _ p: Int, _ q: Int) {
        let entry = a[p * order + q]
        guard entry != 0 else { return }
        let theta = (a[q * order + q] - a[p * order + p]) / (2 * entry)
        let tangent = (theta >= 0 ? 1 : -1) / (theta.magnitude + (theta * theta + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot()
        let sine = tangent * cosine
        for index in 0..<order {
            let (x, y) = (a[index * order + p], a[index * order + q])
            a[index * order + p] = cosine * x - sine * y
            a[index * order + q] = sine * x + cosine * y
            let (u, v) = (vectors[index * order + p], vectors[index * order + q])
            vectors[index * order + p] = cosine * u - sine * v
            vectors[index * order + q] = sine * u + cosine * v
        }
        for index in 0..<order {
            let (x, y) = (a[p * order + index], a[q * order + index])
            a[p * order + index] = cosine * x - sine * y
            a[q * order + index] = sine * x + cosine * y
        }
    }
}
