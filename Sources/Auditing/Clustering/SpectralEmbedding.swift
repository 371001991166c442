import Tensors

/// The smallest eigenvalues of a graph's normalized Laplacian L = I − D^(−½) W D^(−½), and their eigenvectors, which say
/// how the graph falls apart: as many eigenvalues are 0 as it has separate parts.
///
/// Found as the largest of D^(−½) W D^(−½) by subspace iteration with a Chebyshev polynomial as filter, which makes large
/// what lies above the block's smallest value (Zhou, Saad, Tiago and Chelikowsky 2006, algorithm 4.1). A whole block of
/// vectors is iterated, since eigenvalues may be equal, and a row of single vectors (Lanczos) would see only one of them.
public struct SpectralEmbedding: Sendable {
    /// Of the Laplacian, smallest first, 0…2.
    public let eigenvalues: [Double]
    /// One for each eigenvalue, of length 1; the sign is such that the entry farthest from 0 is positive.
    public let eigenvectors: [[Double]]
    /// The largest ‖L v − λ v‖ of them.
    public let residual: Double

    /// A residual that is small enough.
    public static let tolerance = 1e-8
    /// Vectors beside the wanted ones, so that those converge fast.
    private static let guards = 8
    private static let mostRounds = 400

    /// - Parameters:
    ///   - count: how many eigenvalues; at most as many as there are points.
    ///   - onProgress: called after each round; what it throws ends the search.
    public init(
        of graph: AffinityGraph, count wanted: Int, onProgress: () throws -> Void
    ) rethrows {
        let count = min(wanted, graph.count)
        var generator = SeededGenerator(seed: 1)
        var block = (0..<min(count + Self.guards, graph.count)).map { _ in
            (0..<graph.count).map { _ in generator.uniform() - 0.5 }
        }
        block = orthonormalized(block)
        var values: [Double] = []
        var worst = Double.infinity
        for _ in 0..<Self.mostRounds {
            // Rayleigh and Ritz: the best that the block's span has.
            let images = block.map(graph.times)
            let pairs = SymmetricMatrix(order: block.count) { dot(block[$0], images[$1]) }.eigenpairs
            values = pairs.map(\.value)
            block = pairs.map { combination(block, $0.vector) }
            let turned = pairs.map { combination(images, $0.vector) }
            worst =
                (0..<count).map { index in
                    zip(turned[index], block[index]).reduce(0) { sum, entry in
                        let difference = entry.0 - values[index] * entry.1
                        return sum + difference * difference
                    }.squareRoot()
                }.max() ?? 0
            if worst <= Self.tolerance || block.count == graph.count { break }
            block = orthonormalized(filtered(block, by: graph, below: values.last ?? 0))
            try onProgress()
        }
        eigenvalues = values.prefix(count).map { min(max(1 - $0, 0), 2) }
        eigenvectors = block.prefix(count).map { vector in
            let farthest = vector.max { $0.magnitude < $1.magnitude } ?? 0
            return farthest < 0 ? vector.map(-) : vector
        }
        residual = worst
    }
}

/// Of the polynomial: so many products with the graph's matrix a round.
private let degree = 24

/// Multiplies with the Chebyshev polynomial that is at most 1 on −1…`bound` and grows fast above.
private func filtered(_ block: [[Double]], by graph: AffinityGraph, below bound: Double) -> [[Double]] {
    let (half, middle) = (max((bound + 1) / 2, 1e-3), (bound - 1) / 2)
    return block.map { start in
        var previous = start
        var current = zip(graph.times(start), start).map { ($0 - middle * $1) / half }
        for _ in 1..<degree {
            let image = graph.times(current)
            var next = previous
            for index in next.indices {
                next[index] = 2 * (image[index] - middle * current[index]) / half - previous[index]
            }
            (previous, current) = (current, next)
        }
        return current
    }
}

/// Gram's and Schmidt's way, twice, so that rounding leaves nothing. A vector that the others span already becomes 0.
private func orthonormalized(_ block: [[Double]]) -> [[Double]] {
    var result: [[Double]] = []
    for vector in block {
        var vector = vector
        let size = dot(vector, vector).squareRoot()
        for _ in 0..<2 {
            for other in result {
                let share = dot(vector, other)
                for index in vector.indices { vector[index] -= share * other[index] }
            }
        }
        let length = dot(vector, vector).squareRoot()
        let scale = length > size * 1e-14 ? 1 / length : 0
        result.append(vector.map { $0 * scale })
    }
    return result
}

private func combination(_ block: [[Double]], _ weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: block.first?.count ?? 0)
    for (vector, weight) in zip(block, weights) {
        for index in result.indices { result[index] += weight * vector[index] }
    }
    return result
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            var sum = 0.0
            for index in a.indices { sum += a[index] * b[index] }
            return sum
        }
    }
}
