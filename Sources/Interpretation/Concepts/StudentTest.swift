import Foundation

/// Student's t-test of two samples with equal variances, two-sided: whether their means differ.
public struct StudentTest: Sendable, Hashable {
    /// t; infinite where the samples differ and do not vary, 0 where they are all the same.
    public let statistic: Double
    /// That means as different come by chance, 0…1.
    public let probability: Double

    /// - Returns: nil of samples with fewer than two values.
    public init?(_ a: [Double], _ b: [Double]) {
        guard a.count > 1, b.count > 1 else { return nil }
        func moments(_ values: [Double]) -> (mean: Double, squares: Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) })
        }
        let (first, second) = (moments(a), moments(b))
        let freedom = Double(a.count + b.count - 2)
        let variance = (first.squares + second.squares) / freedom * (1 / Double(a.count) + 1 / Double(b.count))
        let difference = first.mean - second.mean
        guard variance > 0 else {
            (statistic, probability) = difference == 0 ? (0, 1) : (difference > 0 ? .infinity : -.infinity, 0)
            return
        }
        statistic = difference / variance.squareRoot()
        probability = StudentTest.incompleteBeta(
            freedom / (freedom + statistic * statistic), freedom / 2, 0.5)
    }

    /// The regularized incomplete beta function I_x(a, b), by its continued fraction (Press et al., Numerical Recipes,
    /// 6.4, by Lentz's method).
    static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges fast on this side.
        guard x < (a + 1) / (a + b + 2) else { return 1 - incompleteBeta(1 - x, b, a) }
        let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
        var (c, d) = (1.0, 1 / kept(1 - (a + b) * x / (a + 1)))
        var result = d
        for step in 1...500 {
            let m = Double(step)
            for factor in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / kept(1 + factor * d)
                c = kept(1 + factor / c)
                result *= c * d
            }
            if (c * d - 1).magnitude < 1e-15 { break }
        }
        return front * result
    }
}
