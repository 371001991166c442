/// One of the pieces that an axis is cut into.
public struct Part: Sendable, Hashable {
    public enum Pieces: Sendable, Hashable {
        /// The pieces have these lengths.
        case lengths([Int])
        /// There are so many, all of one length but the last, which is shorter where that does not come out even.
        case count(Int)
    }

    public var axis: Int
    public var pieces: Pieces
    /// Index of the piece.
    public var index: Int

    public init(axis: Int, pieces: Pieces, index: Int) {
        self.axis = axis
        self.pieces = pieces
        self.index = index
    }
}

public struct Padding: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable { case constant, reflect, edge, wrap }

    public var mode: Mode
    /// The axes that the counts are for; nil means all.
    public var axes: [Int]?

    public init(mode: Mode, axes: [Int]?) {
        self.mode = mode
        self.axes = axes
    }
}

/// [N,C,H,W] → [N,C/b²,H·b,W·b].
public struct DepthToSpace: Sendable, Hashable {
    public var block: Int
    /// Whether the channels count block rows and columns last ("CRD", PyTorch's pixel shuffle) or first ("DCR").
    public var countsBlocksLast: Bool

    public init(block: Int, countsBlocksLast: Bool) {
        self.block = block
        self.countsBlocksLast = countsBlocksLast
    }
}

/// Another order of a tensor's values, some of them perhaps left out or repeated: value (i₀…iₙ) of the result is value
/// offset + Σ iₐ·strides[a] of the source.
public struct StridedView: Sendable, Hashable {
    public var extents: [Int]
    /// Steps of the source per axis, in elements; 0 repeats, a negative one runs backwards.
    public var strides: [Int]
    public var offset: Int

    public init(extents: [Int], strides: [Int], offset: Int = 0) {
        self.extents = extents
        self.strides = strides
        self.offset = offset
    }

    public var count: Int { extents.reduce(1, *) }

    /// Calls `body` with the offset of every value, in the result's order.
    func forEachOffset(_ body: (Int) -> Void) {
        guard count > 0 else { return }
        var position = [Int](repeating: 0, count: extents.count)
        var current = offset
        while true {
            body(current)
            var axis = extents.count - 1
            while axis >= 0 {
                position[axis] += 1
                current += strides[axis]
                if position[axis] < extents[axis] { break }
                current -= extents[axis] * strides[axis]
                position[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

/// A linear map along one axis: result i is Σₜ weights[i,t]·source[indices[i,t]].
public struct AxisMap: Sendable, Hashable {
    public var axis: Int
    /// Source values per result.
    public var taps: Int
    /// [results, taps].
    public var indices: [Int]
    /// [results, taps]; nil means that all are 1.
    public var weights: [Float]?

    public init(axis: Int, taps: Int, indices: [Int], weights: [Float]?) {
        self.axis = axis
        self.taps = taps
        self.indices = indices
        self.weights = weights
    }

    /// The extent of the axis in the result.
    public var count: Int { indices.count / taps }
}

/// How a rearranging operator gets its result for given input shapes.
public enum Movement: Sendable, Hashable {
    case view(StridedView)
    /// `source` of the input is written to `target` of the result, all else of which is `value`.
    case embedding(source: StridedView, target: StridedView, value: Float)
    /// The maps are applied one after the other.
    case mapping([AxisMap])
}
