import Tensors

extension Specializer {
    // MARK: The values in the order in which they are

    func flattened(_ x: Shape, _ axis: Int) throws(NetworkError) -> Shape {
        let axis = axis == x.rank ? axis : try normalized(axis: axis, rank: max(x.rank, 1))
        return try shape([x.dimensions.prefix(axis).reduce(1, *), x.dimensions.dropFirst(axis).reduce(1, *)])
    }

    func squeezed(_ x: Shape, _ axes: [Int]?) throws(NetworkError) -> Shape {
        let dropped = try axes.map { (axes) throws(NetworkError) in try normalized(axes: axes, rank: x.rank) }
        if let axis = dropped?.first(where: { x[$0] != 1 }) { throw invalid("axis \(axis) of \(x) is not 1") }
        let kept = x.dimensions.indices.filter { axis in dropped.map { !$0.contains(axis) } ?? (x[axis] != 1) }
        return try shape(kept.map { x[$0] })
    }

    func unsqueezed(_ x: Shape, _ axes: [Int]) throws(NetworkError) -> Shape {
        let added = try normalized(axes: axes, rank: x.rank + axes.count)
        var rest = x.dimensions[...]
        var extents: [Int] = []
        for axis in 0..<x.rank + axes.count { extents.append(added.contains(axis) ? 1 : rest.removeFirst()) }
        return try shape(extents)
    }

    func reshaped(_ x: Shape) throws(NetworkError) -> Shape {
        let target = try integers(1, "shape")
        var extents: [Int] = []
        for (axis, extent) in target.enumerated() {
            if extent == 0 {
                guard axis < x.rank else { throw invalid("shape \(target) copies axis \(axis) that \(x) has not") }
                extents.append(x[axis])
            } else {
                extents.append(extent)
            }
        }
        if let inferred = extents.firstIndex(of: -1) {
            extents[inferred] = 1
            let others = try shape(extents).count
            guard others > 0, x.count % others == 0 else { throw invalid("\(x) cannot be reshaped to \(target)") }
            extents[inferred] = x.count / others
        }
        let result = try shape(extents)
        guard result.count == x.count else { throw invalid("\(x) cannot be reshaped to \(target)") }
        return result
    }

    // MARK: The values in another order, which is noted beside the shape

    func transposed(_ x: Shape, _ declared: [Int]?) throws(NetworkError) -> Shape {
        let order = declared ?? Array((0..<x.rank).reversed())
        guard order.sorted() == Array(0..<x.rank) else { throw invalid("order \(order) does not fit input \(x)") }
        return try note(StridedView(extents: order.map { x[$0] }, strides: order.map { x.strides[$0] }))
    }

    func sliced(_ x: Shape, _ declared: [Int]?) throws(NetworkError) -> Shape {
        let first = try integers(1, "starts")
        let end = try integers(2, "ends")
        let step = try optionalIntegers(3, "steps") ?? Array(repeating: 1, count: first.count)
        let axes = try normalized(axes: declared ?? Array(0..<first.count), rank: x.rank)
        guard end.count == axes.count, first.count == axes.count, step.count == axes.count else {
            throw invalid("starts \(first), ends \(end), steps \(step) for axes \(axes)")
        }
        var view = StridedView(extents: x.dimensions, strides: x.strides)
        for (index, axis) in axes.enumerated() {
            let extent = x[axis]
            let step = step[index]
            guard step != 0, step.magnitude <= UInt(Shape.largestCount) else { throw invalid("step \(step)") }
            // Negative positions count from the end; those outside stand for the edge.
            func inside(_ position: Int, _ range: ClosedRange<Int>) -> Int {
                let position = position < 0 ? max(position, -2 * Shape.largestCount) + extent : position
                return min(max(position, range.lowerBound), range.upperBound)
            }
            let range = step > 0 ? 0...extent : -1...max(extent - 1, -1)
            let from = inside(first[index], step > 0 ? range : min(0, extent - 1)...max(extent - 1, -1))
            let to = inside(end[index], range)
            let count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step
            view.extents[axis] = max(count, 0)
            view.offset += count > 0 ? from * x.strides[axis] : 0
            // A single value has no neighbour, however far the next one would be.
            view.strides[axis] = count > 1 ? x.strides[axis] * step : x.strides[axis]
        }
        return try note(view)
    }

    func cut(_ x: Shape, _ part: Part) throws(NetworkError) -> Shape {
        let axis = try normalized(axis: part.axis, rank: x.rank)
        var first = 0
        var length = 0
        switch part.pieces {
        case .lengths(let lengths):
            var total = 0
            for (index, piece) in lengths.enumerated() {
                guard piece >= 0, piece <= x[axis] - total else { break }
                if index == part.index { (first, length) = (total, piece) }
                total += piece
            }
            guard total == x[axis], lengths.indices.contains(part.index) else {
                throw invalid("pieces \(lengths) do not make up axis \(axis) of \(x)")
            }
        case .count(let count):
            guard count > 0, count <= max(x[axis], 1), part.index < count else {
                throw invalid("axis \(axis) of \(x) cannot be cut into \(count)")
            }
            let piece = (x[axis] + count - 1) / count
            first = min(piece * part.index, x[axis])
            length = min(piece, x[axis] - first)
        }
        var view = StridedView(extents: x.dimensions, strides: x.strides, offset: first * x.strides[axis])
        view.extents[axis] = length
        return try note(view)
    }

    func expanded(_ x: Shape) throws(NetworkError) -> Shape {
        let extents = try broadcast(x.dimensions, try integers(1, "shape"))
        let added = extents.count - x.rank
        let strides = extents.indices.map { $0 < added || x[$0 - added] == 1 ? 0 : x.strides[$0 - added] }
        return try note(StridedView(extents: extents, strides: strides))
    }

    func tiled(_ x: Shape) throws(NetworkError) -> Shape {
        let repeats = try integers(1, "repeats")
        guard repeats.count == x.rank, repeats.allSatisfy({ (0...Shape.largestCount).contains($0) }) else {
            throw invalid("repeats \(repeats) do not fit input \(x)")
        }
        let result = try shape(zip(x.dimensions, repeats).map { $0 * $1 })
        return try note(
            StridedView(
                extents: zip(x.dimensions, repeats).flatMap { [$1, $0] }, strides: x.strides.flatMap { [0, $0] }),
            as: result)
    }

    func depthToSpace(_ x: Shape, _ operation: DepthToSpace) throws(NetworkError) -> Shape {
        let b = operation.block
        guard x.rank == 4, (1...Shape.largestCount >> 8).contains(b), b <= x[1], x[1] % (b * b) == 0 else {
            throw invalid("the channels of \(x) do not fall into blocks of \(b)×\(b)")
        }
        let channels = x[1] / (b * b)
        let s = x.strides
        // [N, C, H, row, W, column]
        let (channel, row, column) =
            operation.countsBlocksLast ? (b * b * s[1], b * s[1], s[1]) : (s[1], b * channels * s[1], channels * s[1])
        return try note(
            StridedView(
                extents: [x[0], channels, x[2], b, x[3], b], strides: [s[0], channel, s[2], row, s[3], column]),
            as: try shape([x[0], channels, x[2] * b, x[3] * b]))
    }

    func spaceToDepth(_ x: Shape, _ b: Int) throws(NetworkError) -> Shape {
        guard x.rank == 4, b >= 1, x[2] % b == 0, x[3] % b == 0 else {
            throw invalid("the planes of \(x) do not fall into blocks of \(b)×\(b)")
        }
        let s = x.strides
        // [N, row, column, C, H, W]
        return try note(
            StridedView(
                extents: [x[0], b, b, x[1], x[2] / b, x[3] / b],
                strides: [s[0], s[2], s[3], s[1], b * s[2], b * s[3]]),
            as: try shape([x[0], b * b * x[1], x[2] / b, x[3] / b]))
    }

    func gathered(_ x: Shape, _ axis: Int) throws(NetworkError) -> Shape {
        let axis = try normalized(axis: axis, rank: x.rank)
        let target = try shape(
            x.dimensions.prefix(axis) + (try input(1)).dimensions + x.dimensions.dropFirst(axis + 1))
        // Indices that depend on the network's input are looked up when it is run.
        guard let positions = constant(1)?.integers else { return target }
        var indices: [Int] = []
        for position in positions {
            let index = position < 0 ? max(position, -Shape.largestCount) + x[axis] : position
            guard (0..<x[axis]).contains(index) else { throw invalid("index \(position) is outside of \(x)") }
            indices.append(index)
        }
        result.movements[node.output] = .mapping([AxisMap(axis: axis, taps: 1, indices: indices, weights: nil)])
        return target
    }

    // MARK: Padding

    func padded(_ x: Shape, _ padding: Padding) throws(NetworkError) -> Shape {
        let counts = try integers(1, "pads")
        let axes = try normalized(axes: padding.axes ?? Array(0..<x.rank), rank: x.rank)
        guard counts.count == 2 * axes.count, counts.allSatisfy({ $0.magnitude <= UInt(Shape.largestCount) }) else {
            throw invalid("pads \(counts) for axes \(axes)")
        }
        var begin = [Int](repeating: 0, count: x.rank)
        var end = begin
        for (index, axis) in axes.enumerated() {
            begin[axis] = counts[index]
            end[axis] = counts[axes.count + index]
        }
        let extents = x.dimensions.indices.map { x[$0] + begin[$0] + end[$0] }
        let target = try shape(extents)
        if padding.mode == .constant {
            try embed(x, begin: begin, end: end, in: target)
        } else {
            var maps: [AxisMap] = []
            for axis in extents.indices where begin[axis] != 0 || end[axis] != 0 {
                try spend(extents[axis])
                let indices = try (0..<extents[axis]).map { (position) throws(NetworkError) in
                    try index(position - begin[axis], extent: x[axis], padding.mode)
                }
                maps.append(AxisMap(axis: axis, taps: 1, indices: indices, weights: nil))
            }
            result.movements[node.output] = .mapping(maps)
        }
        return target
    }

    /// Negative counts cut values off.
    private func embed(_ x: Shape, begin: [Int], end: [Int], in target: Shape) throws(NetworkError) {
        var value: Float = 0
        if node.input(2) != nil {
            switch constant(2) {
            case .floats(let tensor)? where tensor.count == 1: value = tensor[0]
            case .integers(_, let values)? where values.count == 1: value = Float(values[0])
            default: throw .notConstant(node: node.name, operation: node.operation.name, input: "value")
            }
        }
        let extents = x.dimensions.indices.map { max(0, x[$0] + min(begin[$0], 0) + min(end[$0], 0)) }
        func corner(_ strides: [Int], _ sign: Int) -> Int {
            zip(begin, strides).reduce(0) { $0 + max(0, sign * $1.0) * $1.1 }
        }
        result.movements[node.output] = .embedding(
            source: StridedView(extents: extents, strides: x.strides, offset: corner(x.strides, -1)),
            target: StridedView(extents: extents, strides: target.strides, offset: corner(target.strides, 1)),
            value: value)
    }

    private func index(_ position: Int, extent: Int, _ mode: Padding.Mode) throws(NetworkError) -> Int {
        guard extent > 0 else { throw invalid("an empty axis has no values to pad with") }
        if (0..<extent).contains(position) { return position }
        switch mode {
        case .constant, .edge: return min(max(position, 0), extent - 1)
        case .wrap: return ((position % extent) + extent) % extent
        case .reflect:
            let mirrored = position < 0 ? -position : 2 * (extent - 1) - position
            guard (0..<extent).contains(mirrored) else {
                throw invalid("padding by reflection is as long as axis of extent \(extent)")
            }
            return mirrored
        }
    }

    private func note(_ view: StridedView, as extents: Shape? = nil) throws(NetworkError) -> Shape {
        result.movements[node.output] = .view(view)
        if let extents { return extents }
        return try shape(view.extents)
    }
}
