import Foundation

/// The real Fourier basis of a plane [h,w]: y = H_h·x·H_w with H[j,k] = (cos 2πjk/n + sin 2πjk/n)/√n.
///
/// Orthonormal and its own inverse (Bracewell 1983, "Discrete Hartley transform"), so its adjoint is itself. The waves of
/// frequencies ±u, ±v are mixed with each other, never with others: whatever depends on the length of a frequency alone is
/// the same here as in the complex transform, with real numbers only, for any size.
public struct HartleyTransform: Sendable {
    public let height: Int
    public let width: Int
    private let vertical: [Float]
    private let horizontal: [Float]

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
        vertical = HartleyTransform.matrix(height)
        horizontal = HartleyTransform.matrix(width)
    }

    /// The transform of each plane of `planes` [C·h·w].
    public func applied(to planes: [Float]) -> [Float] {
        let between = columnsTransformed(planes)
        return [Float](unsafeUninitializedCapacity: planes.count) { target, initialized in
            target.initialize(repeating: 0)
            initialized = planes.count
            between.withUnsafeBufferPointer { between in
                horizontal.withUnsafeBufferPointer { matrix in
                    for row in 0..<planes.count / width {
                        HartleyTransform.addRows(
                            of: matrix, from: 0, weights: between, at: row * width, count: width, to: target,
                            at: row * width, length: width)
                    }
                }
            }
        }
    }

    /// H_h·x for each plane.
    private func columnsTransformed(_ planes: [Float]) -> [Float] {
        [Float](unsafeUninitializedCapacity: planes.count) { target, initialized in
            target.initialize(repeating: 0)
            initialized = planes.count
            planes.withUnsafeBufferPointer { source in
                vertical.withUnsafeBufferPointer { matrix in
                    for start in stride(from: 0, to: planes.count, by: height * width) {
                        for row in 0..<height {
                            HartleyTransform.addRows(
                                of: source, from: start, weights: matrix, at: row * height, count: height,
                                to: target, at: start + row * width, length: width)
                        }
                    }
                }
            }
        }
    }

    /// Adds `count` rows of `length` values, each times its weight, to one row; four rows at a time, since the sum is
    /// read and written once for all of them. Callers keep within the buffers.
    private static func addRows(
        of rows: UnsafeBufferPointer<Float>, from first: Int, weights: UnsafeBufferPointer<Float>, at weight: Int,
        count: Int,
        to target: UnsafeMutableBufferPointer<Float>, at sum: Int, length: Int
    ) {
        guard let rows = rows.baseAddress, let weights = weights.baseAddress, let target = target.baseAddress else {
            return
        }
        let sums = target + sum
        var row = 0
        while row + 4 <= count {
            let (a, b) = (weights[weight + row], weights[weight + row + 1])
            let (c, d) = (weights[weight + row + 2], weights[weight + row + 3])
            let source = rows + first + row * length
            for index in 0..<length {
                let left = a * source[index] + b * source[index + length]
                let right = c * source[index + 2 * length] + d * source[index + 3 * length]
                sums[index] += left + right
            }
            row += 4
        }
        while row < count {
            let (factor, source) = (weights[weight + row], rows + first + row * length)
            for index in 0..<length { sums[index] += factor * source[index] }
            row += 1
        }
    }

    /// Length of the frequency of each coefficient, in periods a pixel [h·w].
    public var frequencies: [Double] {
        func frequency(_ index: Int, _ extent: Int) -> Double { Double(min(index, extent - index)) / Double(extent) }
        return (0..<height * width).map { index in
            hypot(frequency(index / width, height), frequency(index % width, width))
        }
    }

    private static func matrix(_ extent: Int) -> [Float] {
        let norm = 1 / Double(extent).squareRoot()
        return (0..<extent * extent).map { index in
            // Reduced first: the product's sine would lose digits.
            let angle = 2 * Double.pi * Double(index / extent * (index % extent) % extent) / Double(extent)
            return Float((cos(angle) + sin(angle)) * norm)
        }
    }
}
