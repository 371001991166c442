/// Fills a hole as heat spreads from its edge: Laplace's equation, in which each hidden pixel is the mean of its up to
/// four neighbours, and those that are not hidden stay as they are. At the picture's edge nothing flows.
///
/// Solved by full multigrid (Brandt 1977): each level of a pyramid starts from the solution at half its size, and V-cycles
/// follow until no hidden pixel differs from its neighbours' mean by more than ``tolerance``.
package struct Diffusion {
    /// The residual that is reached, in units of the normalized input; a level of grey is about 0.017 of them. The solution
    /// is then off by about two levels at most.
    package let tolerance: Float

    package init(tolerance: Float = 0.01) { self.tolerance = tolerance }

    /// A level is left after so many cycles: a bound that single precision may need where the tolerance is below its reach.
    private static let mostCycles = 60
    private static let sweeps = 2
    /// On the coarsest level, which has a few pixels.
    private static let coarsestSweeps = 60

    /// - Parameters:
    ///   - values: [C,H,W]; hidden pixels are written, the others read.
    ///   - hidden: [H,W]; some pixels are, some are not.
    package func fill(_ values: inout [Float], _ hidden: PixelMask) {
        var holes = [Hole(hidden.pixels, width: hidden.width)]
        while let coarser = holes[holes.count - 1].halved { holes.append(coarser) }
        let plane = hidden.pixels.count
        var levels = holes.map { hole in
            (
                values: [Float](repeating: 0, count: hole.hidden.count),
                flow: [Float](repeating: 0, count: hole.hidden.count)
            )
        }
        for channel in 0..<values.count / plane {
            levels[0].values = Array(values[channel * plane..<(channel + 1) * plane])
            solve(holes, &levels)
            for pixel in 0..<plane where hidden.pixels[pixel] {
                values[channel * plane + pixel] = levels[0].values[pixel]
            }
        }
    }

    private typealias Level = (values: [Float], flow: [Float])

    private func solve(_ holes: [Hole], _ levels: inout [Level]) {
        for index in 1..<max(holes.count, 1) { levels[index].values = holes[index - 1].known(levels[index - 1].values) }
        let last = holes.count - 1
        holes[last].fillWithMean(&levels[last].values)
        for index in holes.indices.reversed() {
            levels[index].flow = [Float](repeating: 0, count: levels[index].flow.count)
            for _ in 0..<Self.mostCycles where cycle(holes, &levels, at: index) <= tolerance { break }
            if index > 0 {
                holes[index - 1].interpolate(levels[index].values, into: &levels[index - 1].values, adding: false)
            }
        }
    }

    /// One V-cycle.
    ///
    /// - Returns: the largest difference that a pixel has from the mean of its neighbours in the last sweep.
    private func cycle(_ holes: [Hole], _ levels: inout [Level], at index: Int) -> Float {
        guard index + 1 < holes.count else {
            var residual: Float = 0
            for _ in 0..<Self.coarsestSweeps {
                residual = holes[index].sweep(&levels[index].values, levels[index].flow)
            }
            return residual
        }
        for _ in 0..<Self.sweeps { _ = holes[index].sweep(&levels[index].values, levels[index].flow) }
        levels[index + 1].flow = holes[index].residual(levels[index].values, levels[index].flow)
        levels[index + 1].values = [Float](repeating: 0, count: levels[index + 1].values.count)
        _ = cycle(holes, &levels, at: index + 1)
        holes[index].interpolate(levels[index + 1].values, into: &levels[index].values, adding: true)
        var residual: Float = 0
        for _ in 0..<Self.sweeps { residual = holes[index].sweep(&levels[index].values, levels[index].flow) }
        return residual
    }
}

/// The hidden pixels of one level, and how it lies on the level of half its size.
private struct Hole {
    let hidden: [Bool]
    let width: Int
    let height: Int
    /// Those of one colour of a chessboard before those of the other.
    private var pixels: [Int32] = []
    /// Four for each pixel; beyond the picture's edge the pixel itself.
    private var neighbours: [Int32] = []
    /// Neighbours that are in the picture.
    private var counts: [Float] = []

    init(_ hidden: [Bool], width: Int) {
        self.hidden = hidden
        self.width = width
        height = hidden.count / width
        for colour in 0..<2 {
            for y in 0..<height {
                for x in 0..<width where (x + y) % 2 == colour && hidden[y * width + x] {
                    let pixel = y * width + x
                    neighbours.append(Int32(x > 0 ? pixel - 1 : pixel))
                    neighbours.append(Int32(x + 1 < width ? pixel + 1 : pixel))
                    neighbours.append(Int32(y > 0 ? pixel - width : pixel))
                    neighbours.append(Int32(y + 1 < height ? pixel + width : pixel))
                    pixels.append(Int32(pixel))
                    counts.append(
                        (x > 0 ? 1 : 0) + (x + 1 < width ? 1 : 0) + (y > 0 ? 1 : 0) + (y + 1 < height ? 1 : 0))
                }
            }
        }
    }

    private var coarseWidth: Int { (width + 1) / 2 }
    private var coarseCount: Int { coarseWidth * ((height + 1) / 2) }

    private func coarse(_ pixel: Int) -> Int { pixel / width / 2 * coarseWidth + pixel % width / 2 }

    /// A cell is hidden where all of its pixels are; nil where that leaves nothing to solve.
    var halved: Hole? {
        guard min(width, height) >= 4 else { return nil }
        var isHidden = [Bool](repeating: true, count: coarseCount)
        for pixel in hidden.indices where !hidden[pixel] { isHidden[coarse(pixel)] = false }
        return isHidden.contains(true) ? Hole(isHidden, width: coarseWidth) : nil
    }

    /// For each cell the mean of what is not hidden in it.
    func known(_ values: [Float]) -> [Float] {
        var sums = [Float](repeating: 0, count: coarseCount), counts = sums
        for pixel in values.indices where !hidden[pixel] {
            sums[coarse(pixel)] += values[pixel]
            counts[coarse(pixel)] += 1
        }
        return zip(sums, counts).map { $0 / max($1, 1) }
    }

    func fillWithMean(_ values: inout [Float]) {
        var (sum, count): (Float, Float) = (0, 0)
        for pixel in values.indices where !hidden[pixel] { (sum, count) = (sum + values[pixel], count + 1) }
        for pixel in values.indices where hidden[pixel] { values[pixel] = sum / max(count, 1) }
    }

    /// One relaxation (Gauss-Seidel) of counts·value = the neighbours' sum + flow.
    ///
    /// - Returns: the largest difference that a pixel had.
    func sweep(_ values: inout [Float], _ flow: [Float]) -> Float {
        values.withUnsafeMutableBufferPointer { values in
            var largest: Float = 0
            for index in pixels.indices {
                let difference = excess(index, UnsafeBufferPointer(values), flow) / counts[index]
                largest = max(largest, abs(difference))
                values[Int(pixels[index])] += difference
            }
            return largest
        }
    }

    /// What is missing at each hidden pixel, summed over the cells of the level of half the size.
    func residual(_ values: [Float], _ flow: [Float]) -> [Float] {
        var sums = [Float](repeating: 0, count: coarseCount)
        values.withUnsafeBufferPointer { values in
            for index in pixels.indices { sums[coarse(Int(pixels[index]))] += excess(index, values, flow) }
        }
        return sums
    }

    /// The neighbours' sum + flow − counts·value; a neighbour beyond the edge is the pixel itself and adds nothing.
    private func excess(_ index: Int, _ values: UnsafeBufferPointer<Float>, _ flow: [Float]) -> Float {
        let pixel = Int(pixels[index])
        return values[Int(neighbours[4 * index])] + values[Int(neighbours[4 * index + 1])]
            + values[Int(neighbours[4 * index + 2])] + values[Int(neighbours[4 * index + 3])] - 4 * values[pixel]
            + flow[pixel]
    }

    /// The values of the level of half the size at the hidden pixels, linearly between the cells' centres.
    func interpolate(_ coarse: [Float], into values: inout [Float], adding: Bool) {
        let lastColumn = coarseWidth - 1, lastRow = coarseCount / coarseWidth - 1
        for pixel in pixels {
            let (y, x) = Int(pixel).quotientAndRemainder(dividingBy: width)
            let near = y / 2 * coarseWidth
            let far = min(max(y / 2 + (y % 2 == 0 ? -1 : 1), 0), lastRow) * coarseWidth
            let left = x / 2
            let right = min(max(x / 2 + (x % 2 == 0 ? -1 : 1), 0), lastColumn)
            let nearby = 0.75 * coarse[near + left] + 0.25 * coarse[near + right]
            let remote = 0.75 * coarse[far + left] + 0.25 * coarse[far + right]
            let value = 0.75 * nearby + 0.25 * remote
            values[Int(pixel)] = adding ? values[Int(pixel)] + value : value
        }
    }
}
