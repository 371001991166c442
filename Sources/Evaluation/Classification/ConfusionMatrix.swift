/// How often photos of each class are taken for each class.
public struct ConfusionMatrix: Sendable, Hashable {
    public let classes: Int
    /// [truth][prediction].
    public private(set) var counts: [[Int]]

    public init(classes: Int) {
        self.classes = classes
        counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    }

    /// Both must be in 0..<classes.
    public mutating func add(truth: Int, prediction: Int) { counts[truth][prediction] += 1 }

    public var total: Int { counts.joined().reduce(0, +) }

    /// Share of all photos that are right, 0…1; nil of none.
    public var accuracy: Double? {
        total == 0 ? nil : Double((0..<classes).reduce(0) { $0 + counts[$1][$1] }) / Double(total)
    }

    /// Mean over the classes that have photos of the share that is right, so that a rare class counts as much as a frequent
    /// one.
    public var balancedAccuracy: Double? {
        let recalls = (0..<classes).compactMap(recall)
        return recalls.isEmpty ? nil : recalls.reduce(0, +) / Double(recalls.count)
    }

    /// Of photos of the class, the share that is found; nil where there are none.
    public func recall(_ label: Int) -> Double? {
        let all = counts[label].reduce(0, +)
        return all == 0 ? nil : Double(counts[label][label]) / Double(all)
    }

    /// Of photos taken for the class, the share that is of it; nil where none is.
    public func precision(_ label: Int) -> Double? {
        let all = counts.reduce(0) { $0 + $1[label] }
        return all == 0 ? nil : Double(counts[label][label]) / Double(all)
    }
}
