import Foundation

/// A mixture of Gaussians over RGB colours with full covariances.
struct ColourMixture {
    struct Component {
        /// Share of the pixels.
        var weight: Double
        var mean: SIMD3<Double>
        /// Inverse of the covariance, by rows.
        var precision: Matrix3
        var logDeterminant: Double
    }

    private(set) var components: [Component]

    /// Splits the colours by their principal axis, the widest group first (Orchard and Bouman 1991, as Rother et al.
    /// 2004 do), and fits one Gaussian to each group. Deterministic.
    init(fitting colours: [SIMD3<Double>], count: Int) {
        var groups = [colours]
        while groups.count < count {
            let statistics = groups.map(Statistics.init)
            guard let widest = groups.indices.max(by: { statistics[$0].spread < statistics[$1].spread }),
                statistics[widest].spread > 1
            else { break }
            let axis = statistics[widest].covariance.principalAxis
            let mean = statistics[widest].mean
            let upper = groups[widest].filter { (($0 - mean) * axis).sum() > 0 }
            let lower = groups[widest].filter { (($0 - mean) * axis).sum() <= 0 }
            guard !upper.isEmpty, !lower.isEmpty else { break }
            groups[widest] = lower
            groups.append(upper)
        }
        components = []
        fit(groups, total: colours.count)
    }

    /// Gives every colour to its likeliest component, and fits the components to what they got.
    mutating func refit(to colours: [SIMD3<Double>]) {
        var groups = [[SIMD3<Double>]](repeating: [], count: components.count)
        for colour in colours {
            var (best, bestCost) = (0, Double.infinity)
            for (index, component) in components.enumerated() {
                let cost = component.cost(of: colour)
                if cost < bestCost { (best, bestCost) = (index, cost) }
            }
            groups[best].append(colour)
        }
        fit(groups, total: colours.count)
    }

    private mutating func fit(_ groups: [[SIMD3<Double>]], total: Int) {
        components = groups.filter { !$0.isEmpty }.map { group in
            let statistics = Statistics(group)
            // Photos have 8 bits: a group narrower than a grey level is a delta, not knowledge.
            let covariance = statistics.covariance.addingToDiagonal(1)
            return Component(
                weight: Double(group.count) / Double(max(total, 1)), mean: statistics.mean,
                precision: covariance.inverse, logDeterminant: log(covariance.determinant))
        }
    }

    /// −log p(colour), up to a constant that all mixtures share.
    func cost(of colour: SIMD3<Double>) -> Double {
        let costs = components.map { $0.cost(of: colour) }
        guard let lowest = costs.min() else { return 0 }
        return lowest - log(costs.reduce(0) { $0 + exp(lowest - $1) })
    }
}

extension ColourMixture.Component {
    /// −log of the weighted density, up to a constant.
    fileprivate func cost(of colour: SIMD3<Double>) -> Double {
        let difference = colour - mean
        return -log(weight) + 0.5 * (logDeterminant + (difference * precision.times(difference)).sum())
    }
}

private struct Statistics {
    let mean: SIMD3<Double>
    let covariance: Matrix3
    /// Variance along the principal axis times the number of colours.
    let spread: Double

    init(_ colours: [SIMD3<Double>]) {
        let count = Double(max(colours.count, 1))
        let mean = colours.reduce(SIMD3<Double>.zero, +) / count
        var rows = (SIMD3<Double>.zero, SIMD3<Double>.zero, SIMD3<Double>.zero)
        for colour in colours {
            let difference = colour - mean
            rows.0 += difference * difference.x
            rows.1 += difference * difference.y
            rows.2 += difference * difference.z
        }
        self.mean = mean
        covariance = Matrix3(rows.0 / count, rows.1 / count, rows.2 / count)
        let axis = covariance.principalAxis
        spread = (axis * covariance.times(axis)).sum() * Double(colours.count)
    }
}

/// A symmetric 3×3 matrix by its rows.
struct Matrix3 {
    var rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

    init(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>) { rows = (first, second, third) }

    func times(_ vector: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3((rows.0 * vector).sum(), (rows.1 * vector).sum(), (rows.2 * vector).sum())
    }

    func addingToDiagonal(_ value: Double) -> Matrix3 {
        Matrix3(
            rows.0 + SIMD3(value, 0, 0), rows.1 + SIMD3(0, value, 0), rows.2 + SIMD3(0, 0, value))
    }

    var determinant: Double { (rows.0 * cross(rows.1, rows.2)).sum() }

    /// Of a matrix whose determinant is not 0.
    var inverse: Matrix3 {
        // The adjugate of a symmetric matrix is symmetric.
        Matrix3(
            cross(rows.1, rows.2) / determinant, cross(rows.2, rows.0) / determinant,
            cross(rows.0, rows.1) / determinant)
    }

    /// Unit vector along the largest variance, by power iteration.
    var principalAxis: SIMD3<Double> {
        var axis = SIMD3<Double>(1, 0.9, 0.8)
        for _ in 0..<50 {
            let next = times(axis)
            let length = (next * next).sum().squareRoot()
            guard length > 0 else { return SIMD3(1, 0, 0) }
            axis = next / length
        }
        return axis
    }

    private func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
}
