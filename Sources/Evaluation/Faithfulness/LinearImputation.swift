/// Fills removed pixels so that each is the weighted mean of its up to eight neighbours, sides counting twice as much as
/// corners (Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods", §4.2, noisy linear
/// imputation): what was removed cannot be told from the edge of the removed area.
///
/// The system is symmetric and positive definite, and is solved by conjugate gradients (Hestenes and Stiefel 1952) from
/// the mean of what is known.
public struct LinearImputation: Sendable {
    private let width: Int
    private let height: Int
    /// The removed pixels.
    private let pixels: [Int32]
    /// Of each pixel its place in `pixels`; −1 of one that is known.
    private let places: [Int32]

    private static let neighbours: [(dx: Int, dy: Int, weight: Float)] = [
        (1, 0, 1 / 6), (-1, 0, 1 / 6), (0, 1, 1 / 6), (0, -1, 1 / 6),
        (1, 1, 1 / 12), (1, -1, 1 / 12), (-1, 1, 1 / 12), (-1, -1, 1 / 12),
    ]
    /// Of the residual's length, relative to where it began.
    private static let tolerance: Float = 1e-4
    private static let mostSteps = 2000

    /// - Parameter removed: [h·w].
    public init(removed: [Bool], width: Int) {
        self.width = width
        height = removed.count / max(width, 1)
        var places = [Int32](repeating: -1, count: removed.count)
        var pixels: [Int32] = []
        for pixel in removed.indices where removed[pixel] {
            places[pixel] = Int32(pixels.count)
            pixels.append(Int32(pixel))
        }
        (self.pixels, self.places) = (pixels, places)
    }

    /// Writes the removed pixels of one channel [h·w]; where all are removed they become 0.
    public func fill(_ plane: UnsafeMutableBufferPointer<Float>) {
        guard !pixels.isEmpty else { return }
        let known = plane.count - pixels.count
        guard known > 0 else {
            for pixel in plane.indices { plane[pixel] = 0 }
            return
        }
        var (mean, flow): (Float, [Float]) = (0, [Float](repeating: 0, count: pixels.count))
        var weights = flow
        for pixel in plane.indices where places[pixel] < 0 { mean += plane[pixel] / Float(known) }
        // Row i of the system: (Σ weights in the picture)·xᵢ − Σ weight·x of removed neighbours = Σ weight·value of known ones.
        for (place, pixel) in pixels.enumerated() {
            forEachNeighbour(Int(pixel)) { neighbour, weight in
                weights[place] += weight
                if places[neighbour] < 0 { flow[place] += weight * plane[neighbour] }
            }
        }
        var solution = [Float](repeating: mean, count: pixels.count)
        var product = flow
        apply(to: solution, weights, into: &product)
        var residual = flow.indices.map { flow[$0] - product[$0] }
        var direction = residual
        var square = dot(residual, residual)
        let end = square * Self.tolerance * Self.tolerance
        for _ in 0..<Self.mostSteps where square > end && square > .leastNormalMagnitude {
            apply(to: direction, weights, into: &product)
            let step = square / dot(direction, product)
            for place in solution.indices {
                solution[place] += step * direction[place]
                residual[place] -= step * product[place]
            }
            let next = dot(residual, residual)
            let share = next / square
            for place in direction.indices { direction[place] = residual[place] + share * direction[place] }
            square = next
        }
        for (place, pixel) in pixels.enumerated() { plane[Int(pixel)] = solution[place] }
    }

    private func apply(to values: [Float], _ weights: [Float], into product: inout [Float]) {
        for (place, pixel) in pixels.enumerated() {
            var sum = weights[place] * values[place]
            forEachNeighbour(Int(pixel)) { neighbour, weight in
                let other = Int(places[neighbour])
                if other >= 0 { sum -= weight * values[other] }
            }
            product[place] = sum
        }
    }

    @inline(__always)
    private func forEachNeighbour(_ pixel: Int, _ body: (Int, Float) -> Void) {
        let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
        for (dx, dy, weight) in Self.neighbours {
            let (nx, ny) = (x + dx, y + dy)
            if nx >= 0, nx < width, ny >= 0, ny < height { body(ny * width + nx, weight) }
        }
    }

    private func dot(_ a: [Float], _ b: [Float]) -> Float {
        var sum = 0.0
        for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
        return Float(sum)
    }
}
