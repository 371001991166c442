/// A figure measured on some photos, and how sure it is.
public struct Estimate: Codable, Sendable, Hashable {
    public var value: Double
    /// 95 % interval, by bootstrap over the photos.
    public var low: Double
    public var high: Double
    /// On how many photos.
    public var count: Int

    public init(value: Double, low: Double, high: Double, count: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.count = count
    }
}
