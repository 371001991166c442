/// Places of a window along one axis whose regions of change are computed with the same extents, and hence in one batch.
public struct PlaceClass: Sendable {
    /// Indices of the places.
    public let members: [Int]
    /// How many positions of each value are computed: as many as any member needs.
    public let extent: [ValueID: Int]
    /// Where those begin, by value and place; what is not a member holds 0.
    public let first: [ValueID: [Int]]

    /// - Parameters:
    ///   - members: indices of the places.
    ///   - ranges: what changes, by value and place.
    ///   - whole: positions that each value has.
    public init(members: [Int], ranges: [ValueID: [Range<Int>]], whole: [ValueID: Int]) {
        self.members = members
        var extent: [ValueID: Int] = [:]
        var first: [ValueID: [Int]] = [:]
        for (value, ranges) in ranges {
            guard let whole = whole[value] else { continue }
            let largest = min(max(members.map { ranges[$0].count }.max() ?? 0, 1), whole)
            var starts = [Int](repeating: 0, count: ranges.count)
            // Where a region is smaller than its class's, unchanged neighbours are computed with it.
            for member in members { starts[member] = max(min(ranges[member].lowerBound, whole - largest), 0) }
            extent[value] = largest
            first[value] = starts
        }
        self.extent = extent
        self.first = first
    }

    /// Splits places into at most `count` classes such that little is computed that has not changed.
    ///
    /// Places are taken in order of how much changes, and the order is cut by dynamic programming.
    ///
    /// - Parameter weights: what a whole plane of each value costs.
    public static func split(
        places: [Int], into count: Int, ranges: [ValueID: [Range<Int>]], whole: [ValueID: Int],
        weights: [ValueID: Double]
    ) -> [PlaceClass] {
        let values = ranges.keys.filter { weights[$0, default: 0] > 0 && whole[$0, default: 0] > 0 }.sorted()
        let shares = places.map { place in
            values.map { value in
                Double(ranges[value]?[place].count ?? 0) / Double(whole[value] ?? 1)
            }
        }
        let costs = values.map { weights[$0] ?? 0 }
        // Both axes are split alike, so that a share counts twice.
        func cost(_ share: [Double]) -> Double { zip(share, costs).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } }
        let order = places.indices.sorted { (cost(shares[$0]), $0) < (cost(shares[$1]), $1) }
        let total = order.count
        guard total > 0 else { return [] }
        // best[k][n]: the least cost of the first n places in k + 1 classes.
        var best = [[Double]](repeating: [Double](repeating: .infinity, count: total + 1), count: count)
        var cut = [[Int]](repeating: [Int](repeating: 0, count: total + 1), count: count)
        for start in 0..<total {
            var largest = [Double](repeating: 0, count: values.count)
            for end in start..<total {
                for index in values.indices { largest[index] = max(largest[index], shares[order[end]][index]) }
                let own = cost(largest) * Double(end + 1 - start)
                for classes in 0..<count {
                    let before = start == 0 ? 0 : (classes > 0 ? best[classes - 1][start] : .infinity)
                    if before + own < best[classes][end + 1] {
                        best[classes][end + 1] = before + own
                        cut[classes][end + 1] = start
                    }
                }
            }
        }
        var groups: [[Int]] = []
        var end = total
        var classes = (0..<count).min { best[$0][total] < best[$1][total] } ?? 0
        while end > 0 {
            let start = cut[classes][end]
            groups.append(order[start..<end].map { places[$0] })
            end = start
            classes = max(classes - 1, 0)
        }
        return groups.reversed().map { PlaceClass(members: $0.sorted(), ranges: ranges, whole: whole) }
    }
}
