import Networks

/// The values of one channel of one item.
struct Plane: Sendable {
    let height, width: Int

    var count: Int { height * width }
}

/// The values that a sample is made of, and how: Σ weight·value. The slopes are the weights' derivatives by the place.
struct Taps {
    private(set) var offsets: [Int] = []
    private(set) var weights: [Float] = []
    private var slopesX: [Float] = []
    private var slopesY: [Float] = []

    mutating func removeAll() {
        offsets.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        slopesX.removeAll(keepingCapacity: true)
        slopesY.removeAll(keepingCapacity: true)
    }

    mutating func append(_ offset: Int, weight: Float, slopeX: Float = 0, slopeY: Float = 0) {
        offsets.append(offset)
        weights.append(weight)
        slopesX.append(slopeX)
        slopesY.append(slopeY)
    }

    func value(_ plane: FloatPointer) -> Float {
        var sum: Float = 0
        for tap in offsets.indices { sum += weights[tap] * plane[offsets[tap]] }
        return sum
    }

    func slope(_ plane: FloatPointer) -> (x: Float, y: Float) {
        var slope: (x: Float, y: Float) = (0, 0)
        for tap in offsets.indices {
            slope.x += slopesX[tap] * plane[offsets[tap]]
            slope.y += slopesY[tap] * plane[offsets[tap]]
        }
        return slope
    }

    func scatter(_ signal: Float, to plane: FloatPointer) {
        for tap in offsets.indices { plane[offsets[tap]] += signal * weights[tap] }
    }

    /// Between the four values around a place; what is outside of the plane is 0.
    mutating func findLinear(x: Float, y: Float, in plane: Plane) {
        removeAll()
        guard x > -1, y > -1, x < Float(plane.width), y < Float(plane.height) else { return }
        let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
        let (right, below) = (x - Float(left), y - Float(top))
        for (row, weightY, signY) in [(top, 1 - below, Float(-1)), (top + 1, below, 1)]
        where (0..<plane.height).contains(row) {
            for (column, weightX, signX) in [(left, 1 - right, Float(-1)), (left + 1, right, 1)]
            where (0..<plane.width).contains(column) {
                append(
                    row * plane.width + column, weight: weightX * weightY, slopeX: signX * weightY,
                    slopeY: weightX * signY)
            }
        }
    }
}

/// Finds what a place of a grid is made of, as ONNX defines it.
struct PlaneSampler: Sendable {
    let plane: Plane
    let grid: GridSampling

    /// One axis of a sample: which positions, with which weights, and the weights' slopes by the grid's coordinate.
    private struct Axis {
        var positions: [Int]
        var weights: [Float]
        var slopes: [Float]
    }

    /// - Parameters:
    ///   - x: −1…1 over the width.
    ///   - y: −1…1 over the height.
    func find(x: Float, y: Float, _ taps: inout Taps) {
        taps.removeAll()
        let (columns, rows) = (axis(x, plane.width), axis(y, plane.height))
        for row in rows.positions.indices where rows.positions[row] >= 0 {
            for column in columns.positions.indices where columns.positions[column] >= 0 {
                taps.append(
                    rows.positions[row] * plane.width + columns.positions[column],
                    weight: rows.weights[row] * columns.weights[column],
                    slopeX: rows.weights[row] * columns.slopes[column],
                    slopeY: rows.slopes[row] * columns.weights[column])
            }
        }
    }

    /// Positions outside that count as 0 are −1.
    private func axis(_ coordinate: Float, _ extent: Int) -> Axis {
        let length = Float(extent)
        let lowest: Float = grid.alignsCorners ? 0 : -0.5
        let highest = grid.alignsCorners ? length - 1 : length - 0.5
        var slope = grid.alignsCorners ? (length - 1) / 2 : length / 2
        var place = grid.alignsCorners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2
        // No place, or one that is farther away than any other counts as: all the same as far outside.
        if !place.isFinite { place = grid.outside == .zeros ? -4 : 0 }
        if grid.mode == .nearest { place = place.rounded(.toNearestOrEven) }
        if place < lowest || place > highest {
            switch grid.outside {
            case .zeros: place = min(max(place, -4), length + 4)
            case .border:
                place = min(max(place, 0), length - 1)
                slope = 0
            case .reflection:
                let mirrored = reflected(place, lowest, highest)
                (place, slope) = (mirrored.place, slope * mirrored.sign)
            }
        }
        let first = Int(place.rounded(.down))
        let rest = place - Float(first)
        switch grid.mode {
        case .nearest: return Axis(positions: [position(Int(place), extent)], weights: [1], slopes: [0])
        case .linear:
            return Axis(
                positions: [position(first, extent), position(first + 1, extent)], weights: [1 - rest, rest],
                slopes: [-slope, slope])
        case .cubic:
            let a: Float = -0.75
            func outer(_ d: Float) -> Float { ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
            func inner(_ d: Float) -> Float { ((a + 2) * d - (a + 3)) * d * d + 1 }
            func outerSlope(_ d: Float) -> Float { (3 * a * d - 10 * a) * d + 8 * a }
            func innerSlope(_ d: Float) -> Float { (3 * (a + 2) * d - 2 * (a + 3)) * d }
            return Axis(
                positions: (-1...2).map { position(first + $0, extent) },
                weights: [outer(rest + 1), inner(rest), inner(1 - rest), outer(2 - rest)],
                slopes: [
                    slope * outerSlope(rest + 1), slope * innerSlope(rest), -slope * innerSlope(1 - rest),
                    -slope * outerSlope(2 - rest),
                ])
        }
    }

    /// The position that stands for one outside; −1 where that is 0.
    private func position(_ index: Int, _ extent: Int) -> Int {
        if (0..<extent).contains(index) { return index }
        switch grid.outside {
        case .zeros: return -1
        case .border: return min(max(index, 0), extent - 1)
        case .reflection:
            let (lowest, highest): (Float, Float) =
                grid.alignsCorners ? (0, Float(extent) - 1) : (-0.5, Float(extent) - 0.5)
            return min(max(Int(reflected(Float(index), lowest, highest).place), 0), extent - 1)
        }
    }

    /// A place within the borders, as a mirror at each of them shows it, and whether it runs the other way there.
    private func reflected(_ place: Float, _ lowest: Float, _ highest: Float) -> (place: Float, sign: Float) {
        let length = highest - lowest
        guard length > 0 else { return (lowest, 0) }
        let isBelow = place < lowest
        guard isBelow || place > highest else { return (place, 1) }
        let distance = isBelow ? lowest - place : place - highest
        let turns = (distance / length).rounded(.down)
        // Far outside of what single precision can tell apart, any place is as good as another.
        let rest = min(max(distance - turns * length, 0), length)
        let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
        return isBelow == isEven
            ? (lowest + rest, isBelow ? -1 : 1) : (highest - rest, isBelow ? 1 : -1)
    }
}

/// What a deformable convolution multiplies its weights with.
struct DeformedKernel: Sendable {
    let window: Window
    let groups: Int
    /// [N,C,H,W].
    let input: [Int]
    /// [N,C,kernel,H′,W′].
    let output: [Int]

    private var plane: Plane { Plane(height: input[2], width: input[3]) }
    private var positions: Int { output[3] * output[4] }

    func forward(_ x: FloatPointer, offsets: FloatPointer, factors: FloatPointer?, to y: FloatPointer) {
        let plane = plane
        forEachPlace(offsets) { place, taps in
            let factor = factors?[place.factor] ?? 1
            for channel in place.channels {
                y[place.output(channel)] = factor * taps.value(x + (place.item * input[1] + channel) * plane.count)
            }
        }
    }

    func backward(
        _ x: FloatPointer, offsets: FloatPointer, factors: FloatPointer?, signal: FloatPointer, toX: FloatPointer,
        toOffsets: FloatPointer, toFactors: FloatPointer?
    ) {
        let plane = plane
        toX.update(repeating: 0, count: input.reduce(1, *))
        forEachPlace(offsets) { place, taps in
            let factor = factors?[place.factor] ?? 1
            var slope: (x: Float, y: Float) = (0, 0)
            var toFactor: Float = 0
            for channel in place.channels {
                let incoming = signal[place.output(channel)]
                let start = (place.item * input[1] + channel) * plane.count
                taps.scatter(incoming * factor, to: toX + start)
                let own = taps.slope(x + start)
                slope.x += incoming * factor * own.x
                slope.y += incoming * factor * own.y
                toFactor += incoming * taps.value(x + start)
            }
            toOffsets[place.offsetY] = slope.y
            toOffsets[place.offsetX] = slope.x
            toFactors?[place.factor] = toFactor
        }
    }

    private struct Place {
        let item: Int
        let channels: Range<Int>
        let offsetY, offsetX, factor: Int
        let output: (_ channel: Int) -> Int
    }

    @inline(__always)
    private func forEachPlace(_ offsets: FloatPointer, _ body: (Place, Taps) -> Void) {
        let kernel = output[2]
        let perGroup = input[1] / groups
        let begin = window.padding(for: [input[2], input[3]]).begin
        var taps = Taps()
        for item in 0..<input[0] {
            for group in 0..<groups {
                for tap in 0..<kernel {
                    let (ky, kx) = (tap / window.kernel[1], tap % window.kernel[1])
                    for position in 0..<positions {
                        let (row, column) = (position / output[4], position % output[4])
                        let pair = ((item * groups + group) * kernel + tap) * 2
                        let place = Place(
                            item: item, channels: group * perGroup..<(group + 1) * perGroup,
                            offsetY: pair * positions + position, offsetX: (pair + 1) * positions + position,
                            factor: ((item * groups + group) * kernel + tap) * positions + position,
                            output: { ((item * input[1] + $0) * kernel + tap) * positions + position })
                        taps.findLinear(
                            x: Float(column * window.stride[1] - begin[1] + kx * window.dilation[1])
                                + offsets[place.offsetX],
                            y: Float(row * window.stride[0] - begin[0] + ky * window.dilation[0])
                                + offsets[place.offsetY], in: plane)
                        body(place, taps)
                    }
                }
            }
        }
    }
}

/// Results of fixed extents from boxes of any (ONNX's RoiAlign).
struct BoxKernel: Sendable {
    let boxes: BoxSampling
    /// [N,C,H,W].
    let input: [Int]
    /// R.
    let count: Int

    /// Samples along an axis of one result are never more than this, whatever a box says.
    private static let largestSampleCount: Float = 1024

    func forward(_ x: FloatPointer, corners: FloatPointer, owners: FloatPointer, to y: FloatPointer) {
        let plane = Plane(height: input[2], width: input[3])
        forEachResult(corners, owners) { box, item, result, taps, samples in
            for channel in 0..<input[1] {
                let values = x + (item * input[1] + channel) * plane.count
                let target = (box * input[1] + channel) * boxes.height * boxes.width + result
                if boxes.takesMaximum {
                    y[target] = largest(taps, values).value
                } else {
                    y[target] = taps.value(values) / samples
                }
            }
        }
    }

    func backward(
        _ x: FloatPointer, corners: FloatPointer, owners: FloatPointer, signal: FloatPointer, to passed: FloatPointer
    ) {
        let plane = Plane(height: input[2], width: input[3])
        passed.update(repeating: 0, count: input.reduce(1, *))
        forEachResult(corners, owners) { box, item, result, taps, samples in
            for channel in 0..<input[1] {
                let start = (item * input[1] + channel) * plane.count
                let incoming = signal[(box * input[1] + channel) * boxes.height * boxes.width + result]
                if boxes.takesMaximum {
                    guard let tap = largest(taps, x + start).tap else { continue }
                    passed[start + taps.offsets[tap]] += incoming * taps.weights[tap]
                } else {
                    taps.scatter(incoming / samples, to: passed + start)
                }
            }
        }
    }

    /// The largest weighted value; 0 where there is none.
    private func largest(_ taps: Taps, _ values: FloatPointer) -> (value: Float, tap: Int?) {
        var best: (value: Float, tap: Int?) = (0, nil)
        for tap in taps.offsets.indices {
            let value = taps.weights[tap] * values[taps.offsets[tap]]
            if best.tap == nil || value > best.value { best = (value, tap) }
        }
        return best
    }

    @inline(__always)
    private func forEachResult(
        _ corners: FloatPointer, _ owners: FloatPointer,
        _ body: (_ box: Int, _ item: Int, _ result: Int, _ taps: Taps, _ samples: Float) -> Void
    ) {
        var taps = Taps()
        let shift: Float = boxes.isHalfPixel ? 0.5 : 0
        let farthest = Float(4 * max(input[2], input[3]) + 4)
        for box in 0..<count {
            let owner = owners[box]
            let item = owner >= 0 && owner < Float(input[0]) ? Int(owner) : 0
            func corner(_ index: Int) -> Float {
                let place = corners[box * 4 + index] * boxes.scale - shift
                return place.isFinite ? min(max(place, -farthest), farthest) : 0
            }
            let (left, top) = (corner(0), corner(1))
            var (width, height) = (corner(2) - left, corner(3) - top)
            if !boxes.isHalfPixel { (width, height) = (max(width, 1), max(height, 1)) }
            let cell = (x: width / Float(boxes.width), y: height / Float(boxes.height))
            func sampleCount(_ extent: Float) -> Int {
                if boxes.samples > 0 { return boxes.samples }
                return Int(min(max(extent.rounded(.up), 0), Self.largestSampleCount))
            }
            let (columns, rows) = (sampleCount(cell.x), sampleCount(cell.y))
            for result in 0..<boxes.height * boxes.width {
                let (row, column) = (result / boxes.width, result % boxes.width)
                taps.removeAll()
                for r in 0..<rows {
                    let y = top + (Float(row) + (Float(r) + 0.5) / Float(rows)) * cell.y
                    for c in 0..<columns {
                        let x = left + (Float(column) + (Float(c) + 0.5) / Float(columns)) * cell.x
                        add(x, y, to: &taps)
                    }
                }
                body(box, item, result, taps, Float(max(rows * columns, 1)))
            }
        }
    }

    /// The four values around a place that is at most one position outside; from the edge on, the edge's.
    private func add(_ x: Float, _ y: Float, to taps: inout Taps) {
        let (height, width) = (input[2], input[3])
        guard x >= -1, y >= -1, x <= Float(width), y <= Float(height) else { return }
        func neighbours(_ place: Float, _ extent: Int) -> (Int, Int, Float) {
            let place = max(place, 0)
            let first = Int(place)
            return first >= extent - 1 ? (extent - 1, extent - 1, 0) : (first, first + 1, place - Float(first))
        }
        let (left, right, restX) = neighbours(x, width)
        let (top, bottom, restY) = neighbours(y, height)
        taps.append(top * width + left, weight: (1 - restX) * (1 - restY))
        taps.append(top * width + right, weight: restX * (1 - restY))
        taps.append(bottom * width + left, weight: (1 - restX) * restY)
        taps.append(bottom * width + right, weight: restX * restY)
    }
}
