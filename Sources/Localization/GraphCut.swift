/// The minimum cut of a pixel grid between a source and a sink, by maximum flow (Boykov and Kolmogorov 2004, "An
/// Experimental Comparison of Min-Cut/Max-Flow Algorithms for Energy Minimization in Vision"): one search tree grows
/// from either terminal, and what an augmentation tears off is adopted by another branch where one reaches it.
///
/// Every pixel is joined to its eight neighbours. Capacities are not negative; a cut of minimal cost separates the
/// pixels that stay with the source from the others.
public struct GraphCut: Sendable {
    /// Neighbours in an order where 7 − d is the way back.
    public static let directions: [(dx: Int, dy: Int)] = [
        (-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1),
    ]

    private enum Tree: UInt8 { case none, source, sink }

    private enum Parent {
        static let none: Int8 = -1
        static let terminal: Int8 = -2
        static let orphan: Int8 = -3
    }

    public let width: Int
    public let height: Int
    /// The flow that has reached the sink.
    public private(set) var flow = 0.0

    /// What is left on the way to each neighbour, [pixel·8 + direction].
    private var residual: [Double]
    /// What is left from the source (positive) or to the sink (negative).
    private var terminal: [Double]
    private var tree: [Tree]
    private var parent: [Int8]
    /// When the distance to the terminal was last known to be right, and that distance.
    private var stamp: [Int]
    private var distance: [Int]
    private var time = 0
    private var active: [Int] = []
    private var activeStart = 0
    private var isActive: [Bool]
    private var orphans: [Int] = []
    private var orphanStart = 0

    /// A grid without edges; both extents are at least 1.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
        let count = width * height
        residual = [Double](repeating: 0, count: count * 8)
        terminal = [Double](repeating: 0, count: count)
        tree = [Tree](repeating: .none, count: count)
        parent = [Int8](repeating: Parent.none, count: count)
        stamp = [Int](repeating: 0, count: count)
        distance = [Int](repeating: 0, count: count)
        isActive = [Bool](repeating: false, count: count)
    }

    /// Cost of cutting the pixel off the source and off the sink.
    public mutating func setTerminals(_ pixel: Int, source: Double, sink: Double) {
        flow += min(source, sink)
        terminal[pixel] = source - sink
    }

    /// Cost of separating the pixel from its neighbour in `direction`, both ways; nothing at the picture's edge.
    public mutating func setEdge(_ pixel: Int, _ direction: Int, _ capacity: Double) {
        guard let next = existingNeighbour(pixel, direction) else { return }
        residual[pixel * 8 + direction] = capacity
        residual[next * 8 + 7 - direction] = capacity
    }

    /// The neighbour in `direction`, nil at the picture's edge.
    public func existingNeighbour(_ pixel: Int, _ direction: Int) -> Int? {
        let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
        let (dx, dy) = GraphCut.directions[direction]
        guard (0..<width).contains(x + dx), (0..<height).contains(y + dy) else { return nil }
        return pixel + dy * width + dx
    }

    private func neighbour(_ pixel: Int, _ direction: Int) -> Int {
        pixel + GraphCut.directions[direction].dy * width + GraphCut.directions[direction].dx
    }

    /// Runs to the maximum flow and returns which pixels stay with the source.
    public mutating func solve() -> [Bool] {
        for pixel in terminal.indices where terminal[pixel] != 0 {
            tree[pixel] = terminal[pixel] > 0 ? .source : .sink
            parent[pixel] = Parent.terminal
            distance[pixel] = 1
            activate(pixel)
        }
        var current: Int?
        while let pixel = current ?? nextActive() {
            current = nil
            guard tree[pixel] != .none, let meeting = grow(pixel) else { continue }
            time += 1
            augment(meeting)
            while orphanStart < orphans.count {
                let orphan = orphans[orphanStart]
                orphanStart += 1
                adopt(orphan)
            }
            orphans.removeAll(keepingCapacity: true)
            orphanStart = 0
            // It may have more ways to the other tree.
            if tree[pixel] != .none { current = pixel }
        }
        return tree.map { $0 == .source }
    }

    // MARK: Growth

    private mutating func activate(_ pixel: Int) {
        guard !isActive[pixel] else { return }
        isActive[pixel] = true
        active.append(pixel)
    }

    private mutating func nextActive() -> Int? {
        while activeStart < active.count {
            let pixel = active[activeStart]
            activeStart += 1
            if activeStart > 1 << 16 {
                active.removeFirst(activeStart)
                activeStart = 0
            }
            isActive[pixel] = false
            if tree[pixel] != .none { return pixel }
        }
        return nil
    }

    /// Whether flow can still go from the tree's side: along the direction in the source's tree, against it in the
    /// sink's.
    private func isOpen(_ pixel: Int, _ direction: Int, _ next: Int, in tree: Tree) -> Bool {
        tree == .source ? residual[pixel * 8 + direction] > 0 : residual[next * 8 + 7 - direction] > 0
    }

    /// Takes in free neighbours; returns the edge where the other tree was met, from the source's side.
    private mutating func grow(_ pixel: Int) -> (source: Int, direction: Int)? {
        let own = tree[pixel]
        for direction in 0..<8 {
            guard let next = existingNeighbour(pixel, direction), isOpen(pixel, direction, next, in: own) else {
                continue
            }
            if tree[next] == .none {
                tree[next] = own
                parent[next] = Int8(7 - direction)
                stamp[next] = stamp[pixel]
                distance[next] = distance[pixel] + 1
                activate(next)
            } else if tree[next] != own {
                return own == .source ? (pixel, direction) : (next, 7 - direction)
            } else if stamp[next] <= stamp[pixel], distance[next] > distance[pixel], parent[next] >= 0 {
                // A shorter way to the terminal.
                parent[next] = Int8(7 - direction)
                stamp[next] = stamp[pixel]
                distance[next] = distance[pixel] + 1
            }
        }
        return nil
    }

    // MARK: Augmentation

    private mutating func augment(_ meeting: (source: Int, direction: Int)) {
        let sink = neighbour(meeting.source, meeting.direction)
        var bottleneck = residual[meeting.source * 8 + meeting.direction]
        forEachEdge(from: meeting.source) { edge, _ in bottleneck = min(bottleneck, residual[edge]) }
        forEachEdge(from: sink) { edge, _ in bottleneck = min(bottleneck, residual[edge]) }
        let (sourceRoot, sinkRoot) = (root(meeting.source), root(sink))
        bottleneck = min(bottleneck, terminal[sourceRoot], -terminal[sinkRoot])

        residual[meeting.source * 8 + meeting.direction] -= bottleneck
        residual[sink * 8 + 7 - meeting.direction] += bottleneck
        for start in [meeting.source, sink] {
            var pixel = start
            while parent[pixel] >= 0 {
                let (forward, backward, up) = edges(ofChild: pixel)
                residual[forward] -= bottleneck
                residual[backward] += bottleneck
                if residual[forward] <= 0 { orphan(pixel) }
                pixel = up
            }
        }
        terminal[sourceRoot] -= bottleneck
        if terminal[sourceRoot] <= 0 { orphan(sourceRoot) }
        terminal[sinkRoot] += bottleneck
        if terminal[sinkRoot] >= 0 { orphan(sinkRoot) }
        flow += bottleneck
    }

    /// The edge that carries flow between a pixel and its parent, its way back, and the parent.
    private func edges(ofChild pixel: Int) -> (forward: Int, backward: Int, parent: Int) {
        let direction = Int(parent[pixel])
        let up = neighbour(pixel, direction)
        let toParent = pixel * 8 + direction
        let fromParent = up * 8 + 7 - direction
        return tree[pixel] == .source ? (fromParent, toParent, up) : (toParent, fromParent, up)
    }

    private func forEachEdge(from start: Int, _ body: (_ edge: Int, _ child: Int) -> Void) {
        var pixel = start
        while parent[pixel] >= 0 {
            let (forward, _, up) = edges(ofChild: pixel)
            body(forward, pixel)
            pixel = up
        }
    }

    private func root(_ start: Int) -> Int {
        var pixel = start
        while parent[pixel] >= 0 { pixel = neighbour(pixel, Int(parent[pixel])) }
        return pixel
    }

    // MARK: Adoption

    private mutating func orphan(_ pixel: Int) {
        parent[pixel] = Parent.orphan
        orphans.append(pixel)
    }

    private mutating func adopt(_ pixel: Int) {
        let own = tree[pixel]
        guard own != .none, parent[pixel] == Parent.orphan else { return }
        var best: (direction: Int, distance: Int)?
        for direction in 0..<8 {
            guard let next = existingNeighbour(pixel, direction), tree[next] == own,
                // Flow must come from there in the source's tree, and go there in the sink's.
                own == .source ? residual[next * 8 + 7 - direction] > 0 : residual[pixel * 8 + direction] > 0,
                let length = distanceToTerminal(next), length < best?.distance ?? .max
            else { continue }
            best = (direction, length)
        }
        if let best {
            parent[pixel] = Int8(best.direction)
            stamp[pixel] = time
            distance[pixel] = best.distance + 1
            return
        }
        for direction in 0..<8 {
            guard let next = existingNeighbour(pixel, direction), tree[next] == own else { continue }
            if own == .source ? residual[next * 8 + 7 - direction] > 0 : residual[pixel * 8 + direction] > 0 {
                activate(next)
            }
            if parent[next] >= 0, neighbour(next, Int(parent[next])) == pixel { orphan(next) }
        }
        tree[pixel] = .none
        parent[pixel] = Parent.none
    }

    /// Number of steps to the terminal, nil where the way ends at an orphan. What was learned is noted on the way.
    private mutating func distanceToTerminal(_ start: Int) -> Int? {
        var pixel = start
        var length = 0
        while true {
            if stamp[pixel] == time, parent[pixel] != Parent.orphan, parent[pixel] != Parent.none {
                length += distance[pixel]
                break
            }
            length += 1
            if parent[pixel] == Parent.terminal {
                stamp[pixel] = time
                distance[pixel] = 1
                break
            }
            guard parent[pixel] >= 0 else { return nil }
            pixel = neighbour(pixel, Int(parent[pixel]))
        }
        let total = length
        pixel = start
        var left = total
        while stamp[pixel] != time, parent[pixel] >= 0 {
            stamp[pixel] = time
            distance[pixel] = left
            left -= 1
            pixel = neighbour(pixel, Int(parent[pixel]))
        }
        return total
    }
}
