import Tensors

/// Points in k groups, such that the squares of their distances to their group's middle add up to as little as possible:
/// Lloyd's rounds from several starts, each chosen as Arthur and Vassilvitskii 2007 ("k-means++"); the best is taken.
/// The same seed gives the same groups.
public struct KMeans: Sendable {
    /// Of each point, 0..<k; groups are numbered by the first point that they have.
    public let groups: [Int]
    /// The sum of the squares.
    public let inertia: Double

    private static let starts = 20
    private static let mostRounds = 300

    /// - Parameter points: [n][d], at least `count` different ones, or groups stay empty.
    public init(of points: [[Double]], count: Int, seed: UInt64 = 1) {
        var best: (groups: [Int], inertia: Double)?
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<Self.starts {
            let found = KMeans.rounds(points, from: KMeans.start(points, count, &generator))
            if found.inertia < best?.inertia ?? .infinity { best = found }
        }
        var numbers: [Int: Int] = [:]
        groups = (best?.groups ?? []).map { group in
            let number = numbers[group] ?? numbers.count
            numbers[group] = number
            return number
        }
        inertia = best?.inertia ?? 0
    }

    /// Points far from those chosen before are likely.
    private static func start(
        _ points: [[Double]], _ count: Int, _ generator: inout SeededGenerator
    ) -> [[Double]] {
        guard !points.isEmpty else { return [] }
        var middles = [points[min(Int(generator.uniform() * Double(points.count)), points.count - 1)]]
        var nearest = points.map { square($0, middles[0]) }
        while middles.count < min(count, points.count) {
            var rest = generator.uniform() * nearest.reduce(0, +)
            let chosen =
                nearest.firstIndex {
                    rest -= $0; return rest < 0
                } ?? points.count - 1
            middles.append(points[chosen])
            for (index, point) in points.enumerated() {
                nearest[index] = min(nearest[index], square(point, points[chosen]))
            }
        }
        return middles
    }

    private static func rounds(_ points: [[Double]], from start: [[Double]]) -> (groups: [Int], inertia: Double) {
        var middles = start
        var groups: [Int] = []
        for _ in 0..<mostRounds {
            let nearest = points.map { point in
                middles.indices.min { square(point, middles[$0]) < square(point, middles[$1]) } ?? 0
            }
            if nearest == groups { break }
            groups = nearest
            for group in middles.indices {
                let members = points.indices.filter { groups[$0] == group }
                // An empty group keeps its middle.
                guard let first = members.first else { continue }
                middles[group] = points[first].indices.map { axis in
                    members.reduce(0) { $0 + points[$1][axis] } / Double(members.count)
                }
            }
        }
        return (groups, zip(points, groups).reduce(0) { $0 + square($1.0, middles[$1.1]) })
    }

    private static func square(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += (a[index] - b[index]) * (a[index] - b[index]) }
        return sum
    }
}
