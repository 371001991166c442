public import Tensors

/// What an axis of a value stands for, as far as it goes back to the image.
///
/// An axis is a product of factors, the last one running fastest: the tokens of an attention network are rows times
/// columns, a window's number is a coarse row times a coarse column. A factor knows how far one step of it goes in rows
/// or columns, so that what has been cut into windows can be put together again.
struct AxisRole: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case row, column, channel }

    struct Factor: Sendable, Hashable {
        var kind: Kind
        var extent: Int
        /// Rows or columns of the layer's grid that one step goes; 1 for channels.
        var stride: Int
    }

    var factors: [Factor]
    /// Positions before and after them that have no place: class tokens, registers.
    var before = 0
    var after = 0

    static func channels(_ extent: Int) -> AxisRole {
        AxisRole(factors: extent > 1 ? [Factor(kind: .channel, extent: extent, stride: 1)] : [])
    }

    static func axis(_ kind: Kind, _ extent: Int) -> AxisRole {
        AxisRole(factors: extent > 1 ? [Factor(kind: kind, extent: extent, stride: 1)] : [])
    }

    var hasPlaces: Bool { factors.contains { $0.kind != .channel } }
    var extent: Int { before + factors.reduce(1) { $0 * $1.extent } + after }

    /// The same with neighbours joined that are one factor: a coarse and a fine row.
    var joined: AxisRole {
        var result = self
        result.factors = []
        for factor in factors {
            if let last = result.factors.last, last.kind == factor.kind,
                factor.kind == .channel || last.stride == factor.stride * factor.extent
            {
                result.factors[result.factors.count - 1].extent *= factor.extent
                result.factors[result.factors.count - 1].stride = factor.stride
            } else {
                result.factors.append(factor)
            }
        }
        return result
    }
}

/// Where the places of a value lie in memory: its values as maps [K,h,w].
public struct LayerPlaces: Sendable, Hashable {
    public let channels: Int
    public let height: Int
    public let width: Int
    /// Of the result [K,h,w] on one item of the value.
    public let view: StridedView
    /// Positions beside the places, class tokens or registers.
    public let others: Int

    /// Whether the value is [1,K,h,w] as it is.
    public var isPlanes: Bool {
        var next = 1
        for (extent, stride) in zip(view.extents, view.strides).reversed() where extent > 1 {
            guard stride == next else { return false }
            next *= extent
        }
        return view.offset == 0 && others == 0
    }

    /// Whether all of the maps lie inside of a value of this shape.
    public func fits(_ shape: Shape) -> Bool {
        view.offset + zip(view.extents, view.strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 } < shape.count
    }

    /// The value's numbers as maps [K·h·w].
    public func maps(_ value: Tensor) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(view.count)
        value.withUnsafeValues { values in view.forEachOffset { result.append(values[$0]) } }
        return result
    }
}

extension LayerPlaces {
    /// - Parameter axes: the roles of a value's axes, nil where one is not known.
    init?(_ axes: [AxisRole?], shape: Shape) {
        guard axes.count == shape.rank else { return nil }
        var found: [(factor: AxisRole.Factor, memory: Int)] = []
        var offset = 0
        var others = 0
        for (axis, role) in axes.enumerated() {
            guard let role else {
                guard shape[axis] == 1 else { return nil }
                continue
            }
            guard role.extent == shape[axis] else { return nil }
            var memory = shape.strides[axis]
            offset += role.before * memory
            others += role.before + role.after
            for factor in role.factors.reversed() {
                found.append((factor, memory))
                memory *= factor.extent
            }
        }
        func run(_ kind: AxisRole.Kind) -> [(factor: AxisRole.Factor, memory: Int)]? {
            let run = found.filter { $0.factor.kind == kind }.sorted { $0.factor.stride > $1.factor.stride }
            for (outer, inner) in zip(run, run.dropFirst())
            where outer.factor.stride != inner.factor.stride * inner.factor.extent { return nil }
            return run
        }
        // Rows must be all there, each once: what has keys and queries has them twice.
        guard let rows = run(.row), let columns = run(.column) else { return nil }
        let channels = found.filter { $0.factor.kind == .channel }.sorted { $0.memory > $1.memory }
        func count(_ run: [(factor: AxisRole.Factor, memory: Int)]) -> Int { run.reduce(1) { $0 * $1.factor.extent } }
        guard count(rows) * count(columns) > 1 else { return nil }
        let all = channels + rows + columns
        self.init(
            channels: count(channels), height: count(rows), width: count(columns),
            view: StridedView(
                extents: all.map(\.factor.extent), strides: all.map(\.memory), offset: offset), others: others)
    }
}
