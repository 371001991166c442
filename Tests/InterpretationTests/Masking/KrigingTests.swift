import Foundation
import Interpretation
import Testing

/// Interpolation on a grid against the textbook's formulas and against what is interpolated.
@Suite("Kriging") struct KrigingTests {
    private let rows = 12
    private let columns = 15

    private func grid(_ field: Kriging.Field = .init(length: 3, evenness: .infinity)) -> Kriging {
        Kriging(
            rows: rows, columns: columns, emphasis: (0..<rows * columns).map { 0.5 + Double($0 % 7) / 6 }, field: field)
    }

    private func known(_ isKnown: (_ row: Int, _ column: Int) -> Bool) -> [Bool] {
        (0..<rows * columns).map { isKnown($0 / columns, $0 % columns) }
    }

    @Test("weights and variance solve the normal equations", arguments: [0.3, .infinity])
    func equations(evenness: Double) {
        let field = Kriging.Field(length: 2.5, evenness: evenness)
        let kriging = grid(field)
        let known = known { $0 % 3 == 0 && $1 % 4 == 1 }
        func deviation(_ place: Int) -> Double {
            evenness.isFinite ? (0.5 + Double(place % 7) / 6 + evenness) / (1 + evenness) : 1
        }
        func covariance(_ a: Int, _ b: Int) -> Double {
            let (down, across) = (Double(a / columns - b / columns), Double(a % columns - b % columns))
            let distance = (down * down + across * across).squareRoot()
            return deviation(a) * deviation(b) * (-distance / field.length).exponential
        }
        for place in [0, 16, 77, rows * columns - 1] {
            let estimate = kriging.estimate(at: place, from: known)
            #expect(!estimate.places.contains(place) && estimate.places.allSatisfy { known[$0] })
            var explained = 0.0
            for (one, weight) in zip(estimate.places, estimate.weights) {
                let sum = zip(estimate.places, estimate.weights).reduce(0) { $0 + covariance(one, $1.0) * $1.1 }
                // What keeps the factorization stable moves the solution by a millionth.
                #expect(abs(sum - covariance(one, place)) < 1e-5)
                explained += weight * covariance(one, place)
            }
            #expect(abs(estimate.variance - (covariance(place, place) - explained)) < 1e-5)
        }
    }

    @Test("the nearest known places are the nearest")
    func nearest() {
        let kriging = grid()
        let known = known { ($0 * 5 + $1 * 3) % 7 == 0 }
        for place in 0..<rows * columns {
            func distance(_ other: Int) -> Int {
                let (down, across) = (other / columns - place / columns, other % columns - place % columns)
                return down * down + across * across
            }
            let all = known.indices.filter { known[$0] && $0 != place }.sorted {
                (distance($0), $0) < (distance($1), $1)
            }
            #expect(kriging.nearest(to: place, known) == Array(all.prefix(16)))
        }
    }

    @Test("nothing known: the mean, and the variance of the whole field")
    func nothing() {
        let estimate = grid().estimate(at: 20, from: [Bool](repeating: false, count: rows * columns))
        #expect(estimate.places.isEmpty && estimate.variance == 1)
    }

    @Test("a smooth field is taken for smooth, a rough one for rough, and errors are foreseen")
    func fit() throws {
        var generator = Generator()
        let known = known { $0 % 2 == 0 && $1 % 2 == 0 }
        let rough = (0..<rows * columns).map { _ in generator.next() }
        let smooth = (0..<rows * columns).map { index in
            let (row, column) = (Double(index / columns), Double(index % columns))
            return 3 * (row / 5).sine + 2 * (column / 6).sine
        }
        var kriging = grid()
        let roughScale = try #require(kriging.fit([rough], known: known).first)
        #expect(kriging.field.length == 1.5)
        let roughError = error(of: kriging, rough, known)
        let foreseen = roughScale * meanDeviation(kriging, known)
        #expect(roughError / foreseen > 0.6 && roughError / foreseen < 1.6)
        let smoothScale = try #require(kriging.fit([smooth], known: known).first)
        #expect(kriging.field.length >= 6)
        #expect(error(of: kriging, smooth, known) < 2 * smoothScale * meanDeviation(kriging, known))
        #expect(error(of: kriging, smooth, known) < 0.3)
    }

    @Test("the least certain places are chosen, until it is enough")
    func choice() {
        let kriging = grid()
        let known = known { row, column in row < 6 && column < 15 }
        let start = kriging.variances(known).reduce(0, +)
        let places = kriging.choose(known: known) { $0 * Double(known.count) < start / 2 }
        #expect(Set(places).count == places.count && places.allSatisfy { !known[$0] })
        #expect((8..<40).contains(places.count))
        // The far side first.
        #expect((places.first ?? 0) / columns == rows - 1)
        var after = known
        for place in places { after[place] = true }
        #expect(kriging.variances(after).reduce(0, +) < start / 2)
        #expect(kriging.choose(known: known) { _ in true }.isEmpty)
        let all = kriging.choose(known: known) { $0 == 0 }
        #expect(Set(all) == Set(known.indices.filter { !known[$0] }))
    }

    /// Root of the mean square over the places that are not known.
    private func error(of kriging: Kriging, _ values: [Double], _ known: [Bool]) -> Double {
        let squares = known.indices.filter { !known[$0] }.map { place in
            let estimate = kriging.estimate(at: place, from: known)
            let value = zip(estimate.places, estimate.weights).reduce(0) { $0 + values[$1.0] * $1.1 }
            return (value - values[place]) * (value - values[place])
        }
        return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }

    private func meanDeviation(_ kriging: Kriging, _ known: [Bool]) -> Double {
        let variances = kriging.variances(known).filter { $0 > 0 }
        return (variances.reduce(0, +) / Double(variances.count)).squareRoot()
    }

    /// Uniform on −1…1 (Knuth's linear congruential constants).
    private struct Generator {
        private var state: UInt64 = 7

        mutating func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 23) - 1
        }
    }
}

extension Double {
    fileprivate var exponential: Double { Foundation.exp(self) }
    fileprivate var sine: Double { Foundation.sin(self) }
}
