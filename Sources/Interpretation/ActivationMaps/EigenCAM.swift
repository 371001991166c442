public import Execution
import Tensors

/// The last convolution's maps projected on their first principal component (Muhammad and Yeasin 2020, "Eigen-CAM"; the
/// maps are centred as in pytorch-grad-cam). A principal component has no sign of its own: it is chosen such that the
/// map's largest magnitude is positive. Not clipped.
public struct EigenCAM: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "eigen-cam",
            summary: "what varies most over the last convolution's places, whatever the class",
            cost: .onePass,
            needs: "a convolution stage that all ways to the scores go through",
            caveat: "the same for every class: it shows what the layer finds remarkable, not why this class won. Its "
                + "sign is a convention.",
            randomization: RandomizationCheck(
                .passes, paper: nil, correlation: -0.03,
                remark: "random scores alone change nothing, since it does not look at them"),
            paper: "Muhammad and Yeasin 2020, arXiv:2008.00299",
            parameters: [TargetLayer.parameter])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let layer = try LayerReading(question, method: card.name, on: evaluator, isDifferentiated: false)
        let centred = layer.centredFeatures()
        let projection = principalProjection(centred, rows: layer.channels, columns: layer.places)
        let largest = projection.values.max { abs($0) < abs($1) } ?? 0
        let sign = largest < 0 ? -1.0 : 1.0
        let map = layer.map { values in
            for place in values.indices { values[place] = Float(sign * projection.values[place]) }
        }
        let warnings =
            projection.isConverged
            ? [] : ["two principal components are equally strong; the map is a mixture of both"]
        return try layer.pass.targets(question, classes: classes).map { target in
            Explanation(scores: layer.pass.scores, classIndex: target.classIndex, map: map, warnings: warnings)
        }
    }
}

extension LayerReading {
    /// Each map minus its mean over the places [K·h·w].
    fileprivate func centredFeatures() -> [Double] {
        var centred = features.map(Double.init)
        for channel in 0..<channels {
            let range = channel * places..<(channel + 1) * places
            let mean = centred[range].reduce(0, +) / Double(places)
            for index in range { centred[index] -= mean }
        }
        return centred
    }
}

/// σ₁·v₁, of the singular value decomposition of `matrix` [rows, columns]: the columns' coordinates along the direction
/// they spread most in.
///
/// Subspace iteration with a block of a few vectors (Golub and Van Loan, "Matrix Computations", §8.2.4), which
/// converges as fast as the block's last singular value is smaller than the first.
private func principalProjection(
    _ matrix: [Double], rows: Int, columns: Int
) -> (values: [Double], isConverged: Bool) {
    let width = min(6, rows, columns)
    var generator = SeededGenerator(seed: 1)
    var block = (0..<width).map { _ in (0..<columns).map { _ in generator.uniform() - 0.5 } }
    var last = 0.0
    for _ in 0..<2000 {
        orthonormalize(&block)
        block = block.map { vector in transposedProduct(matrix, product(matrix, vector, columns: columns)) }
        // Rayleigh–Ritz: the first vector settles on the first singular direction; its length is σ₁².
        let strongest = block.indices.max { norm(block[$0]) < norm(block[$1]) } ?? 0
        block.swapAt(0, strongest)
        let length = norm(block[0])
        guard length > 0 else { return ([Double](repeating: 0, count: columns), true) }
        let image = transposedProduct(matrix, product(matrix, block[0].map { $0 / length }, columns: columns))
        let residual = norm(zip(image, block[0]).map { $0 - $1 })
        if residual <= 1e-9 * length {
            let singular = norm(image).squareRoot()
            return (block[0].map { $0 / length * singular }, true)
        }
        last = length
    }
    let length = norm(block[0])
    return (block[0].map { $0 / length * last.squareRoot() }, false)
}

/// A·v [rows].
private func product(_ matrix: [Double], _ vector: [Double], columns: Int) -> [Double] {
    stride(from: 0, to: matrix.count, by: columns).map { start in
        (0..<columns).reduce(0) { $0 + matrix[start + $1] * vector[$1] }
    }
}

/// Aᵀ·u [columns].
private func transposedProduct(_ matrix: [Double], _ vector: [Double]) -> [Double] {
    let columns = matrix.count / vector.count
    var result = [Double](repeating: 0, count: columns)
    for (row, factor) in vector.enumerated() {
        for column in 0..<columns { result[column] += factor * matrix[row * columns + column] }
    }
    return result
}

/// Gram and Schmidt, the strongest vector first; what depends on earlier ones becomes 0.
private func orthonormalize(_ vectors: inout [[Double]]) {
    for index in vectors.indices {
        let before = norm(vectors[index])
        // Twice is enough (Kahan and Parlett).
        for _ in 0..<2 {
            for other in 0..<index {
                let share = zip(vectors[index], vectors[other]).reduce(0) { $0 + $1.0 * $1.1 }
                for position in vectors[index].indices { vectors[index][position] -= share * vectors[other][position] }
            }
        }
        let length = norm(vectors[index])
        let factor = length > 1e-12 * before && length > 0 ? 1 / length : 0
        for position in vectors[index].indices { vectors[index][position] *= factor }
    }
}

private func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
