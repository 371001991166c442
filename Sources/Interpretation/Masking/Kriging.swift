import Foundation

/// Interpolation between places of a grid whose values are known, with the error to be expected of it.
///
/// Values are taken to be draws of a random field of mean 0 whose covariance between two places falls off exponentially
/// with their distance. The best linear estimate from the nearest known places and its variance follow (Krige 1951;
/// Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", eq. 2.25 and 2.26). Distances are in places.
package struct Kriging {
    /// How the field varies.
    package struct Field: Hashable {
        /// Over which distance the covariance falls to 1/e.
        package var length: Double
        /// The field's standard deviation at a place is proportional to the place's emphasis plus this; the larger, the
        /// more alike all places are.
        package var evenness: Double

        package init(length: Double, evenness: Double) {
            self.length = length
            self.evenness = evenness
        }

        static let all = [1.5, 2.5, 4, 6, 10].flatMap { length in
            [0.3, 1, .infinity].map { Field(length: length, evenness: $0) }
        }
    }

    package let rows: Int
    package let columns: Int
    /// By place, row by row: how large values are expected to be, with a mean of 1.
    private let emphasis: [Double]
    package private(set) var field: Field
    private var deviations: [Double]
    /// exp(−distance/length) by rows and columns between two places.
    private var correlations: [Double] = []
    private static let neighbours = 16

    package init(rows: Int, columns: Int, emphasis: [Double], field: Field = Field(length: 2.5, evenness: .infinity)) {
        self.rows = rows
        self.columns = columns
        self.emphasis = emphasis
        self.field = field
        deviations = []
        assume(field)
    }

    package mutating func assume(_ field: Field) {
        self.field = field
        deviations = emphasis.map { field.evenness.isFinite ? ($0 + field.evenness) / (1 + field.evenness) : 1 }
        correlations = (0..<rows * columns).map { index in
            let (down, across) = (Double(index / columns), Double(index % columns))
            return exp(-(down * down + across * across).squareRoot() / field.length)
        }
    }

    /// The estimate at a place: Σ weight·value over some known places.
    package struct Estimate {
        package var places: [Int] = []
        package var weights: [Double] = []
        /// Of the error, as a multiple of the field's own scale.
        package var variance: Double

        /// Σ weight·value, of values by place.
        package func value(of values: [Double]) -> Double {
            zip(places, weights).reduce(0) { $0 + $1.1 * values[$1.0] }
        }
    }

    /// Leaves out the place's own value where that is known.
    package func estimate(at place: Int, from known: [Bool]) -> Estimate {
        estimate(at: place, from: nearest(to: place, known))
    }

    /// - Parameter places: at least one.
    func estimate(at place: Int, from places: [Int]) -> Estimate {
        let count = places.count
        let own = deviations[place] * deviations[place]
        guard count > 0 else { return Estimate(variance: own) }
        // Cholesky's factor of the covariances, row by row, then two triangular systems.
        var factor = [Double](repeating: 0, count: count * count)
        let wanted = places.map { covariance($0, place) }
        for row in 0..<count {
            for column in 0...row {
                var sum = covariance(places[row], places[column])
                if row == column { sum *= 1 + Self.nugget }
                for inner in 0..<column { sum -= factor[row * count + inner] * factor[column * count + inner] }
                factor[row * count + column] =
                    row == column ? max(sum, .leastNormalMagnitude).squareRoot() : sum / factor[column * count + column]
            }
        }
        var weights = wanted
        for row in 0..<count {
            for inner in 0..<row { weights[row] -= factor[row * count + inner] * weights[inner] }
            weights[row] /= factor[row * count + row]
        }
        let explained = weights.reduce(0) { $0 + $1 * $1 }
        for row in (0..<count).reversed() {
            for inner in row + 1..<max(count, row + 1) { weights[row] -= factor[inner * count + row] * weights[inner] }
            weights[row] /= factor[row * count + row]
        }
        return Estimate(places: places, weights: weights, variance: max(own - explained, 0))
    }

    /// Keeps the factorization stable where places are nearly alike.
    private static let nugget = 1e-6

    private func covariance(_ a: Int, _ b: Int) -> Double {
        let down = abs(a / columns - b / columns)
        let across = abs(a % columns - b % columns)
        return deviations[a] * deviations[b] * correlations[down * columns + across]
    }

    /// The nearest known places but for the place itself, in the order of their distance.
    package func nearest(to place: Int, _ known: [Bool]) -> [Int] {
        let (row, column) = (place / columns, place % columns)
        var found: [(distance: Int, index: Int)] = []
        var radius = 0
        // What a square of this radius holds is complete up to a circle of the same radius.
        var enough = max(rows, columns)
        while radius < enough {
            radius += 1
            for r in max(row - radius, 0)...min(row + radius, rows - 1) {
                let isEdge = abs(r - row) == radius
                for c in stride(from: column - radius, through: column + radius, by: isEdge ? 1 : 2 * radius)
                where c >= 0 && c < columns && known[r * columns + c] {
                    found.append(((r - row) * (r - row) + (c - column) * (c - column), r * columns + c))
                }
            }
            if found.count >= Self.neighbours, enough == max(rows, columns) {
                enough = min(enough, Int((Double(radius) * 2.0.squareRoot()).rounded(.up)))
            }
        }
        return found.sorted { $0 < $1 }.prefix(Self.neighbours).map(\.index)
    }
}

extension Kriging {
    /// Assumes the field under which the known values are most likely, each estimated from its neighbours (leave one out;
    /// Rasmussen and Williams 2006, eq. 5.10 to 5.12).
    ///
    /// - Parameter values: of several fields that vary alike, by place.
    /// - Returns: the scale of each.
    package mutating func fit(_ values: [[Double]], known: [Bool]) -> [Double] {
        let places = known.indices.filter { known[$0] }
        let step = max(places.count / Self.fitted, 1)
        let chosen = stride(from: 0, to: places.count, by: step).map { places[$0] }
        let neighbours = chosen.map { nearest(to: $0, known) }
        var best: (likelihood: Double, field: Field, scales: [Double])?
        let isEven = emphasis.allSatisfy { $0 == emphasis.first }
        for field in Field.all where !isEven || !field.evenness.isFinite {
            assume(field)
            var squares = [Double](repeating: 0, count: values.count)
            var logarithms = 0.0
            for (place, neighbours) in zip(chosen, neighbours) {
                let estimate = estimate(at: place, from: neighbours)
                let variance = max(estimate.variance, 1e-12)
                logarithms += log(variance)
                for (index, values) in values.enumerated() {
                    let error = values[place] - estimate.value(of: values)
                    squares[index] += error * error / variance
                }
            }
            let count = Double(max(chosen.count, 1))
            let scales = squares.map { max($0 / count, 1e-30) }
            let likelihood = -0.5 * scales.reduce(0) { $0 + count * log($1) + logarithms }
            if likelihood > best?.likelihood ?? -.infinity {
                best = (likelihood, field, scales.map { $0.squareRoot() })
            }
        }
        guard let best else { return values.map { _ in 0 } }
        assume(best.field)
        return best.scales
    }

    /// As many known values as tell enough of the field.
    private static let fitted = 400

    /// Variances by place; 0 where the value is known.
    package func variances(_ known: [Bool]) -> [Double] {
        known.indices.map { known[$0] ? 0 : estimate(at: $0, from: known).variance }
    }

    /// Places to be asked about next: always the one that is least certain, until `isEnough` of the mean variance.
    package func choose(known: [Bool], until isEnough: (_ meanVariance: Double) -> Bool) -> [Int] {
        var known = known
        var chosen: [Int] = []
        var variances = variances(known)
        var nextCheck = 0
        while true {
            if chosen.count >= nextCheck {
                if !chosen.isEmpty { variances = self.variances(known) }
                if isEnough(variances.reduce(0, +) / Double(max(variances.count, 1))) { return chosen }
                nextCheck = chosen.count + max(known.count / 50, 1)
            }
            guard let place = leastCertain(&variances, known) else { return chosen }
            known[place] = true
            variances[place] = 0
            chosen.append(place)
        }
    }

    /// Variances only fall while places are added, so old ones are upper bounds: only that of the largest is renewed.
    private func leastCertain(_ variances: inout [Double], _ known: [Bool]) -> Int? {
        while let place = variances.indices.max(by: { variances[$0] < variances[$1] }), variances[place] > 0 {
            let renewed = estimate(at: place, from: known).variance
            let isStill = renewed >= 0.95 * variances[place]
            variances[place] = renewed
            if isStill { return place }
        }
        return nil
    }
}
