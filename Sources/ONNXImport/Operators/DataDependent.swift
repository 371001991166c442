import Networks
import Tensors

// Operators whose results are as many as their values say. A network's shapes are known before it runs; so they are
// computed while it is loaded, where their inputs are stored, and refused where a photo would decide.

/// Input x → the values that differ (or the slices along `axis`), where each first stood, which of them each value is, and
/// how often each occurs.
func buildUnique(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let x = builder.constant(node, 0) else {
        throw node.unsupported("values that are computed: how many differ depends on what the network reads")
    }
    let axis = try node.integer("axis").map { $0 < 0 ? $0 + x.shape.rank : $0 }
    guard axis.map(x.shape.dimensions.indices.contains) ?? true else { throw node.invalid("axis out of range") }
    // [outer, count, inner]: a row is what lies at one position along the axis.
    let count = axis.map { x.shape[$0] } ?? x.shape.count
    let inner = axis.map { x.shape.strides[$0] } ?? 1
    let outer = count == 0 || inner == 0 ? 0 : x.shape.count / (count * inner)
    func places(_ row: Int) -> [Int] {
        (0..<outer).flatMap { block in (0..<inner).map { (block * count + row) * inner + $0 } }
    }
    let numbers = x.numbers
    let rows = (0..<count).map { row in places(row).map { numbers[$0] } }
    var order = Array(0..<count)
    if try node.flag("sorted", otherwise: true) {
        // Equal rows stay in the order of their first places.
        order.sort { rows[$0] == rows[$1] ? $0 < $1 : rows[$0].lexicographicallyPrecedes(rows[$1]) }
    }
    var found: [[Float]: Int] = [:]
    var first: [Int] = []
    for row in order where found[rows[row]] == nil {
        found[rows[row]] = first.count
        first.append(row)
    }
    let inverse = rows.compactMap { found[$0] }
    var occurrences = [Int](repeating: 0, count: first.count)
    for index in inverse { occurrences[index] += 1 }
    var extents = axis == nil ? [0] : x.shape.dimensions
    extents[axis ?? 0] = first.count
    // The same order of axes as in x.
    let kept = (0..<outer).flatMap { block in
        first.flatMap { row in (0..<inner).map { (block * count + row) * inner + $0 } }
    }
    try builder.appendConstants(
        node, [try node.picked(x, kept, extents)] + [first, inverse, occurrences].map(node.row))
}

/// Boxes that are kept of each class of each photo: the best of those that overlap (Neubeck and Van Gool 2006). Inputs boxes
/// [N,B,4], scores [N,C,B], the most boxes of a class?, the largest overlap?, the lowest score? → [count, 3]: photo, class,
/// box.
func buildNonMaximumSuppression(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let boxes = builder.constant(node, 0)?.tensor, let scores = builder.constant(node, 1)?.tensor else {
        throw node.unsupported(
            "boxes that are computed: how many it keeps depends on the photo; cut the network before it")
    }
    guard boxes.shape.rank == 3, boxes.shape[2] == 4, scores.shape.rank == 3, scores.shape[0] == boxes.shape[0],
        scores.shape[2] == boxes.shape[1]
    else { throw node.invalid("boxes \(boxes.shape) and scores \(scores.shape)") }
    func bound(_ position: Int) throws(ONNXError) -> Float? {
        guard builder.input(node, position) != nil else { return nil }
        guard let value = builder.constant(node, position)?.scalar else {
            throw node.unsupported("bounds that are computed")
        }
        return value
    }
    let most = try bound(2) ?? 0
    let largestOverlap = try bound(3) ?? 0
    let lowestScore = try bound(4)
    let isCentred = try node.flag("center_point_box")
    let count = boxes.shape[1]
    var rectangles: [Rectangle] = []
    for index in 0..<boxes.shape[0] * count {
        rectangles.append(Rectangle((0..<4).map { boxes[4 * index + $0] }, isCentred: isCentred))
    }
    var kept: [Int] = []
    for item in 0..<scores.shape[0] {
        for label in 0..<scores.shape[1] {
            let offset = (item * scores.shape[1] + label) * count
            let candidates = (0..<count).filter { scores[offset + $0] > lowestScore ?? -.infinity }
                .sorted { (scores[offset + $0], $1) > (scores[offset + $1], $0) }
            var chosen: [Int] = []
            for box in candidates where Float(chosen.count) < most {
                let own = rectangles[item * count + box]
                if chosen.allSatisfy({ own.overlap(rectangles[item * count + $0]) <= largestOverlap }) {
                    chosen.append(box)
                }
            }
            for box in chosen { kept += [item, label, box] }
        }
    }
    guard let shape = try? Shape([kept.count / 3, 3]) else { throw node.invalid("too many boxes") }
    try builder.appendConstants(node, [.integers(shape: shape, values: kept)])
}

/// A box by its corners, lowest first.
private struct Rectangle {
    let low, high: (Float, Float)

    /// `numbers` are two opposite corners, or the middle and the extents.
    init(_ numbers: [Float], isCentred: Bool) {
        let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3])
        low = isCentred ? (a - c / 2, b - d / 2) : (min(a, c), min(b, d))
        high = isCentred ? (a + c / 2, b + d / 2) : (max(a, c), max(b, d))
    }

    var area: Float { (high.0 - low.0) * (high.1 - low.1) }

    /// Intersection over union; 0 for boxes without an area.
    func overlap(_ other: Rectangle) -> Float {
        let common =
            max(0, min(high.0, other.high.0) - max(low.0, other.low.0))
            * max(0, min(high.1, other.high.1) - max(low.1, other.low.1))
        let union = area + other.area - common
        return union > 0 ? common / union : 0
    }
}

extension NodeReader {
    fileprivate func row(_ values: [Int]) -> Constant {
        // A row's length is that of a list in memory.
        .integers(shape: (try? Shape([values.count])) ?? .scalar, values: values)
    }

    /// The values of `x` at these places.
    fileprivate func picked(_ x: Constant, _ places: [Int], _ extents: [Int]) throws(ONNXError) -> Constant {
        guard let shape = try? Shape(extents) else { throw invalid("a result \(extents)") }
        switch x {
        case .integers(_, let values): return .integers(shape: shape, values: places.map { values[$0] })
        case .floats(let tensor):
            guard let picked = try? Tensor(shape: shape, values: places.map { tensor[$0] }) else {
                throw invalid("a result \(extents)")
            }
            return .floats(picked)
        }
    }
}
