import Tensors

/// A network that computes only what changes when a window of its image does, for a batch of places of one class of rows
/// and one of columns.
///
/// It is an ordinary graph of the same operators on smaller extents, with ``Graft`` steps where a window needs to see
/// unchanged neighbours or a value is needed whole. Its inputs are the places [N,2], the fill [1,C,H,W] and whatever clean
/// values it grafts onto.
public struct PatchGraph: Sendable {
    /// What the names of its grafts begin with.
    public static let graftPrefix = "part of "

    public let graph: Graph
    /// Which row and column of the tables each item uses, [N,2].
    public let places: ValueID
    /// The image that shows in the windows, [1,C,H,W].
    public let fill: ValueID
    /// The values of the original network that must be known of the clean image, by the input that stands for each.
    public let clean: [ValueID: ValueID]
    /// The share of its output that each node of the region's `nodes` computes, 0…1.
    public let shares: [Double]
    /// Values written by grafts, per item.
    public let graftedCount: Int
    /// Values that the largest node reads and writes, per item.
    public let largestNodeCount: Int

    /// - Parameters:
    ///   - region: the region of change of batches of as many images as there shall be items.
    ///   - windows: what is hidden of the image's rows and columns, by place.
    ///   - names: gives identities to new values; shared by all patch graphs of a network.
    ///   - wholeFrom: from this share of a plane on a node is computed whole.
    public init(
        region: RegionOfChange, windows: (rows: [Range<Int>], columns: [Range<Int>]), rows: PlaceClass,
        columns: PlaceClass, names: PatchNames, wholeFrom: Double
    ) {
        var builder = PatchGraphBuilder(
            region: region, windows: [windows.rows, windows.columns], classes: [rows, columns], names: names,
            wholeFrom: wholeFrom)
        builder.build()
        var graph = names.graph
        graph.nodes = builder.nodes
        graph.constants = builder.constants
        graph.outputs = [builder.output]
        graph.inputs = builder.inputs
        self.graph = graph
        places = names.places
        fill = names.fill
        clean = builder.clean
        shares = builder.shares
        graftedCount = builder.graftedCount
        largestNodeCount = builder.largestNodeCount
    }
}

/// Identities of the values that patch graphs add to a network. All of them take theirs from one, so that no two constants
/// share an identity.
public final class PatchNames {
    /// The network, knowing all names so far.
    fileprivate(set) var graph: Graph
    public let places: ValueID
    public let fill: ValueID
    private var clean: [ValueID: ValueID] = [:]

    public init(_ graph: Graph) {
        self.graph = graph
        places = self.graph.internNew("places")
        fill = self.graph.internNew("fill")
    }

    func clean(_ value: ValueID) -> ValueID {
        if let known = clean[value] { return known }
        let made = graph.internNew("clean \(graph.name(of: value))")
        clean[value] = made
        return made
    }

    func new(_ name: String) -> ValueID { graph.internNew(name) }
}

extension Graph {
    /// A value called `name` or, where there is one already, by a name like it.
    fileprivate mutating func internNew(_ name: String) -> ValueID {
        var (candidate, count) = (name, 1)
        while value(named: candidate) != nil {
            count += 1
            candidate = "\(name) (\(count))"
        }
        return intern(candidate)
    }
}

private struct PatchGraphBuilder {
    /// What is known of a value.
    enum State {
        case patch(Patch)
        case whole(ValueID)
    }

    /// The changed part of a value.
    struct Patch {
        /// The tensor that holds it.
        var tensor: ValueID
        var channels: Int
        /// Rows and columns of the tensor.
        var extents: [Int]
        /// Where in the value the tensor begins, per axis by place.
        var source: [[Int]]
        /// What of the value has changed, per axis by place.
        var changed: [[Range<Int>]]
        /// Whether the tensor is made of nothing but its items' patches; the fill is not.
        var isOwn: Bool
    }

    private struct GraftKey: Hashable {
        let value: ValueID
        let graft: Graft
    }

    let region: RegionOfChange
    /// What is hidden of the image's rows and of its columns, by place.
    let windows: [[Range<Int>]]
    /// The class of rows and that of columns.
    let classes: [PlaceClass]
    let names: PatchNames
    let wholeFrom: Double
    let items: Int

    private(set) var nodes: [Node] = []
    private(set) var constants: [ValueID: Constant]
    private(set) var clean: [ValueID: ValueID] = [:]
    private(set) var shares: [Double] = []
    private(set) var graftedCount = 0
    private(set) var largestNodeCount = 0
    private(set) var output: ValueID
    private var states: [ValueID: State] = [:]
    private var grafts: [GraftKey: ValueID] = [:]
    private var renamed: [ValueID: ValueID] = [:]

    init(
        region: RegionOfChange, windows: [[Range<Int>]], classes: [PlaceClass], names: PatchNames, wholeFrom: Double
    ) {
        self.region = region
        self.windows = windows
        self.classes = classes
        self.names = names
        self.wholeFrom = wholeFrom
        items = region.extents(region.image)[0]
        constants = region.graph.constants
        output = region.target
    }

    var inputs: [Graph.Input] {
        let image = region.extents(region.image)
        var inputs = [
            Graph.Input(value: names.places, extents: [items, 2]),
            Graph.Input(value: names.fill, extents: [1] + image.dropFirst().map(Optional.some)),
        ]
        for (input, value) in clean.sorted(by: { $0.key < $1.key }) {
            inputs.append(
                Graph.Input(value: input, extents: [1] + region.extents(value).dropFirst().map(Optional.some)))
        }
        return inputs
    }

    mutating func build() {
        states[region.image] = .patch(fillPatch())
        for (node, step) in zip(region.nodes, region.steps) { take(node, step) }
        output = whole(region.target)
    }

    /// The patch of the image: the fill, where the window stands.
    private func fillPatch() -> Patch {
        let image = region.extents(region.image)
        return Patch(
            tensor: names.fill, channels: image[1], extents: Array(image.suffix(2)),
            source: windows.map { $0.map { _ in 0 } }, changed: windows, isOwn: false)
    }

    private mutating func take(_ node: Node, _ step: RegionOfChange.Step) {
        let patches = region.changingInputs(node).compactMap { value -> (value: ValueID, patch: Patch)? in
            if case .patch(let patch)? = states[value] { (value, patch) } else { nil }
        }
        if step == .mean, let only = patches.first, patches.count == 1 {
            takeMean(node, of: only.value, only.patch)
            return
        }
        guard patches.count == region.changingInputs(node).count, isFollowed(step), share(of: node) < wholeFrom else {
            var copy = node
            copy.inputs = node.inputs.map { $0.map { whole($0) } }
            nodes.append(copy)
            for output in node.outputs { states[output] = .whole(output) }
            shares.append(1)
            let values = region.changingInputs(node) + node.outputs
            largestNodeCount = max(
                largestNodeCount, values.reduce(0) { $0 + region.extents($1).dropFirst().reduce(1, *) })
            return
        }
        follow(node, step, patches)
    }

    private func isFollowed(_ step: RegionOfChange.Step) -> Bool {
        switch step {
        case .same, .window, .shifted: true
        case .mean, .everything: false
        }
    }

    private func share(of node: Node) -> Double {
        let plane = region.extents(node.output).suffix(2)
        guard plane.count == 2 else { return 1 }
        return zip(classes, plane).reduce(1) { $0 * Double($1.0.extent[node.output] ?? $1.1) / Double($1.1) }
    }

    private mutating func follow(
        _ node: Node, _ step: RegionOfChange.Step, _ patches: [(value: ValueID, patch: Patch)]
    ) {
        if case .shifted(let begin) = step, var patch = patches.first?.patch {
            // It is the same tensor, seen as part of the padded value.
            for axis in 0..<2 {
                patch.source[axis] = patch.source[axis].map { $0 + begin[axis] }
                patch.changed[axis] = patch.changed[axis].map {
                    ($0.lowerBound + begin[axis])..<($0.upperBound + begin[axis])
                }
            }
            states[node.output] = .patch(patch)
            shares.append(0)
            return
        }
        var copy = node
        let first = classes.map { $0.first[node.output] ?? [] }
        let extents = classes.map { $0.extent[node.output] ?? 1 }
        var inputs: [ValueID: ValueID] = [:]
        for (value, patch) in patches {
            var axes = (0..<2).map { (extent: extents[$0], step: 1, first: first[$0]) }
            var outside: Float = 0
            if case .window(var window, let begin, let padding) = step {
                outside = padding
                for axis in 0..<2 {
                    let stride = window.stride[axis]
                    axes[axis].first = first[axis].map { $0 * stride - begin[axis] }
                    if window.kernel[axis] == 1 {
                        // Only what the window stands on is taken along.
                        axes[axis].step = stride
                        window.stride[axis] = 1
                    } else {
                        axes[axis].extent = (extents[axis] - 1) * stride + window.span(axis)
                    }
                }
                window.padding = .explicit(begin: [0, 0], end: [0, 0])
                window.roundsUp = false
                copy.operation = node.operation.with(window)
            }
            inputs[value] = grafted(patch, of: value, axes, outside: outside)
        }
        copy.inputs = node.inputs.map { $0.map { input in inputs[input] ?? constant(input) } }
        nodes.append(copy)
        shares.append(share(of: node))
        states[node.output] = .patch(
            Patch(
                tensor: node.output, channels: region.extents(node.output)[1], extents: extents, source: first,
                changed: (0..<2).map { axis in first[axis].map { $0..<($0 + extents[axis]) } }, isOwn: true))
    }

    /// A tensor that holds these positions of `value`.
    private mutating func grafted(
        _ patch: Patch, of value: ValueID, _ axes: [(extent: Int, step: Int, first: [Int])], outside: Float
    ) -> ValueID {
        let fits = axes.indices.allSatisfy { axis in
            axes[axis].step == 1 && axes[axis].extent == patch.extents[axis]
                && classes[axis].members.allSatisfy { axes[axis].first[$0] == patch.source[axis][$0] }
        }
        if patch.isOwn, fits { return patch.tensor }
        let tables = axes.indices.map { axis in
            Graft.Axis(
                extent: axes[axis].extent, step: axes[axis].step, first: axes[axis].first,
                changed: patch.changed[axis], source: patch.source[axis])
        }
        let written = patch.channels * axes[0].extent * axes[1].extent
        let read = patch.isOwn ? patch.channels * patch.extents[0] * patch.extents[1] : 0
        graftedCount += written
        largestNodeCount = max(largestNodeCount, written + read)
        return add(
            Graft(items: items, rows: tables[0], columns: tables[1], result: .window(outside: outside)), patch,
            of: value)
    }

    private mutating func add(
        _ graft: Graft, _ patch: Patch, of value: ValueID
    ) -> ValueID {
        let key = GraftKey(value: value, graft: graft)
        if let known = grafts[key] { return known }
        let cleanInput = names.clean(value)
        clean[cleanInput] = value
        let name = region.graph.name(of: value)
        let result = names.new(PatchGraph.graftPrefix + name)
        nodes.append(
            Node(
                name: PatchGraph.graftPrefix + name, operation: .graft(graft),
                inputs: [patch.tensor, cleanInput, names.places], outputs: [result]))
        grafts[key] = result
        return result
    }

    /// The value of all items with all its positions.
    private mutating func whole(_ value: ValueID) -> ValueID {
        if region.isConstant(value) { return constant(value) }
        guard case .patch(let patch)? = states[value] else {
            if case .whole(let made)? = states[value] { return made }
            return value
        }
        let plane = Array(region.extents(value).suffix(2))
        let axes = (0..<2).map { axis in
            (extent: plane[axis], step: 1, first: patch.source[axis].map { _ in 0 })
        }
        let made = grafted(patch, of: value, axes, outside: 0)
        states[value] = .whole(made)
        return made
    }

    /// A graft that reads all positions of `value`.
    private func covering(_ value: ValueID, _ patch: Patch, _ result: Graft.Result) -> Graft {
        let plane = Array(region.extents(value).suffix(2))
        let tables = (0..<2).map { axis in
            Graft.Axis(
                extent: plane[axis], step: 1, first: patch.source[axis].map { _ in 0 }, changed: patch.changed[axis],
                source: patch.source[axis])
        }
        return Graft(items: items, rows: tables[0], columns: tables[1], result: result)
    }

    private mutating func takeMean(_ node: Node, of value: ValueID, _ patch: Patch) {
        let mean = add(covering(value, patch, .mean), patch, of: value)
        if region.extents(node.output).count == 4 {
            states[node.output] = .whole(mean)
        } else {
            nodes.append(
                Node(name: node.name, operation: .squeeze(axes: [2, 3]), inputs: [mean], outputs: [node.output]))
            states[node.output] = .whole(node.output)
        }
        shares.append(share(of: region.nodes[shares.count]))
    }

    /// What shapes decide becomes a constant of the patch graph.
    private mutating func constant(_ value: ValueID) -> ValueID {
        if region.graph.constants[value] != nil { return value }
        if let known = renamed[value] { return known }
        guard let constant = region.specialization.constants[value] else { return value }
        let name = names.new("\(region.graph.name(of: value)) of \(items)")
        constants[name] = constant
        renamed[value] = name
        return name
    }
}

extension Operator {
    /// The same operator with another window.
    fileprivate func with(_ window: Window) -> Operator {
        switch self {
        case .convolution(var convolution):
            convolution.window = window
            return .convolution(convolution)
        case .pooling(var pooling):
            pooling.window = window
            return .pooling(pooling)
        // No other operator looks through a window that steps are made of.
        case .transposedConvolution, .maximumUnpooling, .globalPooling, .resize, .fullyConnected, .matrixProduct,
            .batchNormalization, .normalization, .localResponseNormalization, .softmax, .activation, .arithmetic,
            .reduction, .concatenation, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .slice, .part, .padding,
            .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .graft, .identity, .shapeArithmetic, .einsum,
            .extremum, .ranking, .accumulation, .triangle, .pick, .scatter,
            .recurrence, .quantization, .sampling:
            return self
        }
    }
}
