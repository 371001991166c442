/// The extents of a tensor, outermost axis first. An image batch reads `[N, C, H, W]`.
///
/// A shape that exists is safe to allocate: no extent is negative, and the number of elements times the size of
/// an element does not overflow `Int`.
public struct Shape: Hashable, Sendable {
    /// Extents, outermost first; empty for a scalar.
    public let dimensions: [Int]
    /// Product of the extents; 1 for a scalar.
    public let count: Int

    /// The largest tensor anyone may ask for, in elements (4 GiB of Float32).
    public static let largestCount = 1 << 30

    /// - Throws: `TensorError.invalidShape` where an extent is negative or the count exceeds ``largestCount``.
    public init(_ dimensions: [Int]) throws(TensorError) {
        // Empty axes count as 1 here, so that the product of any subset of the extents is bounded as well.
        var bound = 1
        for extent in dimensions {
            guard extent >= 0 else { throw .invalidShape(dimensions, reason: "an extent is negative") }
            let (product, overflow) = bound.multipliedReportingOverflow(by: max(extent, 1))
            guard !overflow, product <= Shape.largestCount else {
                throw .invalidShape(dimensions, reason: "it has more than \(Shape.largestCount) elements")
            }
            bound = product
        }
        self.dimensions = dimensions
        count = dimensions.contains(0) ? 0 : bound
    }

    /// One value without axes.
    public static let scalar = Shape(unchecked: [])

    private init(unchecked dimensions: [Int]) {
        self.dimensions = dimensions
        count = 1
    }

    /// Number of axes.
    public var rank: Int { dimensions.count }

    public subscript(axis: Int) -> Int { dimensions[axis] }

    /// Distance in elements between neighbours along each axis of a dense row-major tensor.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * max(dimensions[axis + 1], 1)
        }
        return strides
    }
}

extension Shape: CustomStringConvertible {
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ",") + "]" }
}
