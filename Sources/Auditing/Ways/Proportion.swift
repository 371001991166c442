import Foundation

/// Some of several.
public struct Proportion: Sendable, Hashable {
    public let part: Int
    public let whole: Int

    public init(_ part: Int, of whole: Int) {
        self.part = part
        self.whole = whole
    }

    /// 0…1; 0 of nothing.
    public var value: Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    /// The lower end of the 95 % interval (Wilson 1927), 0…1: a few photos show little.
    public var lowerBound: Double {
        guard whole > 0 else { return 0 }
        let (z, count) = (1.959964, Double(whole))
        let middle = value + z * z / (2 * count)
        let half = z * (value * (1 - value) / count + z * z / (4 * count * count)).squareRoot()
        return max((middle - half) / (1 + z * z / count), 0)
    }

    /// The probability that so many or more of `whole` things drawn are of a kind that `kind` of all `total` are: the upper
    /// tail of the hypergeometric distribution (Fisher's exact test, one-sided).
    public func chance(ofKind kind: Int, among total: Int) -> Double {
        func logChoose(_ n: Int, _ k: Int) -> Double {
            lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1)
        }
        guard part <= min(kind, whole), whole <= total else { return 0 }
        return (max(part, whole - (total - kind))...min(kind, whole)).reduce(0) { sum, count in
            sum + exp(logChoose(kind, count) + logChoose(total - kind, whole - count) - logChoose(total, whole))
        }
    }
}
