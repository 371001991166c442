/// Spearman's rank correlation: the correlation of the ranks, of equal values the mean of theirs.
public enum RankCorrelation {
    /// −1…1; nil where one of the two has no contrast, or where their counts differ.
    public static func spearman(_ a: [Float], _ b: [Float]) -> Double? {
        guard a.count == b.count, a.count > 1 else { return nil }
        let (x, y) = (ranks(a), ranks(b))
        // Ranks have the same mean whatever the values.
        let mean = Double(a.count + 1) / 2
        var (product, squareX, squareY) = (0.0, 0.0, 0.0)
        for index in x.indices {
            let (dx, dy) = (x[index] - mean, y[index] - mean)
            product += dx * dy
            squareX += dx * dx
            squareY += dy * dy
        }
        guard squareX > 0, squareY > 0 else { return nil }
        return product / (squareX * squareY).squareRoot()
    }

    /// 1 for the lowest.
    static func ranks(_ values: [Float]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for position in start..<end { ranks[order[position]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }
}
