/// The pixels of a map in the order of their value.
public struct PixelRanking: Sendable {
    /// The highest first; of equal values the one that comes first in the picture.
    public let order: [Int]

    /// - Parameter values: [h·w]; what is not finite comes last.
    public init(_ values: [Float]) {
        let keys = values.map { $0.isFinite ? $0 : -.greatestFiniteMagnitude }
        order = keys.indices.sorted { (keys[$0], $1) > (keys[$1], $0) }
    }

    /// How many of `count` pixels are changed after each of `steps` equal steps, none at first and all at last.
    static func steps(_ steps: Int, of count: Int) -> [Int] {
        let size = (count + steps - 1) / max(steps, 1)
        return Array(stride(from: 0, to: count, by: max(size, 1))) + [count]
    }

    /// The area under a curve of equal steps by the trapezoidal rule, over a width of 1.
    public static func area(under curve: [Double]) -> Double {
        guard curve.count > 1, let first = curve.first, let last = curve.last else { return curve.first ?? 0 }
        return (curve.reduce(0, +) - first / 2 - last / 2) / Double(curve.count - 1)
    }
}
