public import Tensors

/// What the axes of each value stand for, followed from the image [1,C,H,W] through the operators. The transposes and
/// reshapes of the graph say it; no name and no size is guessed from.
public struct AxisRoles: Sendable {
    let graph: Graph
    private let shapes: [ValueID: Shape]
    private let constants: [ValueID: Constant]
    private let movements: [ValueID: Movement]
    /// Of values that depend on the image; an axis that is not understood is nil.
    private(set) var roles: [ValueID: [AxisRole?]] = [:]

    /// - Parameter image: the first input, with this shape.
    /// - Throws: `NetworkError` where the shape does not fit.
    public init(_ graph: Graph, image shape: Shape) throws(NetworkError) {
        self.graph = graph
        let image = graph.inputs[0].value
        var inputShapes = [image: shape]
        for input in graph.inputs.dropFirst() {
            inputShapes[input.value] = try? Shape(input.extents.map { $0 ?? 1 })
        }
        let specialization = try graph.specialized(for: inputShapes)
        shapes = specialization.shapes
        constants = specialization.constants
        movements = specialization.movements
        guard shape.rank == 4 else { return }
        roles[image] = [.channels(shape[0]), .channels(shape[1]), .axis(.row, shape[2]), .axis(.column, shape[3])]
        for node in graph.nodes where constants[node.output] == nil { take(node) }
    }

    /// Where a value's places lie; nil where it has none, or where that is not understood.
    public func places(of value: ValueID) -> LayerPlaces? {
        guard let axes = roles[value], let shape = shapes[value] else { return nil }
        return LayerPlaces(axes, shape: shape)
    }

    /// Whether anything behind `value` reads its places: mixes them, or takes some. Behind the last block of an attention
    /// network only the class token is read.
    public func readsPlaces(of value: ValueID) -> Bool {
        var carried: Set<ValueID> = [value]
        for node in graph.nodes where node.inputs.contains(where: { $0.map(carried.contains) ?? false }) {
            switch node.operation {
            case .gather, .slice, .part:
                guard let axes = roles[node.output] else { return true }
                if axes.contains(where: { $0?.hasPlaces ?? true }) { carried.insert(node.output) }
            case .activation, .arithmetic, .fullyConnected, .identity, .batchNormalization, .quantization, .transpose,
                .reshape, .flatten, .squeeze, .unsqueeze, .shapeArithmetic(.cast):
                carried.formUnion(node.outputs)
            case .normalization(let normalization):
                guard case .layer = normalization.kind else { return true }
                carried.formUnion(node.outputs)
            case .matrixProduct:
                guard node.input(1).map({ graph.constants[$0] != nil }) ?? false else { return true }
                carried.formUnion(node.outputs)
            case .shapeArithmetic(.extents), .shapeArithmetic(.count): continue
            case .convolution, .pooling, .transposedConvolution, .maximumUnpooling, .globalPooling, .resize,
                .localResponseNormalization, .softmax, .recurrence, .sampling, .reduction, .einsum, .extremum, .ranking,
                .accumulation,
                .triangle, .concatenation, .padding, .expansion, .tiling, .depthToSpace, .spaceToDepth, .pick,
                .scatter, .graft, .shapeArithmetic:
                return true
            }
        }
        return false
    }

    /// Whether a value depends on the image.
    func depends(_ value: ValueID) -> Bool { roles[value] != nil }

    func movement(of node: Node) -> Movement? { movements[node.output] }

    public func shape(of value: ValueID) -> Shape? { shapes[value] ?? graph.constants[value]?.shape }

    private mutating func take(_ node: Node) {
        guard node.inputs.contains(where: { $0.map(depends) ?? false }) else { return }
        for (position, output) in node.outputs.enumerated() {
            guard let shape = shapes[output] else { continue }
            let axes = position == 0 ? axes(of: node, shape) : nil
            // What is not understood still depends on the image.
            let unknown: [AxisRole?] = shape.dimensions.map { $0 == 1 ? .channels(1) : nil }
            roles[output] =
                axes.map { axes in
                    axes.indices.map { axes[$0]?.extent == shape[$0] ? axes[$0]?.joined : unknown[$0] }
                } ?? unknown
        }
    }

    /// One role for each axis of the node's output; nil where nothing is known.
    private func axes(of node: Node, _ shape: Shape) -> [AxisRole?]? {
        guard let first = node.input(0) else { return nil }
        let source = axes(first)
        switch node.operation {
        case .activation, .identity, .batchNormalization, .localResponseNormalization, .normalization, .softmax,
            .quantization, .shapeArithmetic(.cast):
            return source
        case .convolution, .pooling, .transposedConvolution, .maximumUnpooling, .globalPooling:
            return windows(source, shape, keepsChannels: false)
        case .resize, .padding: return windows(source, shape, keepsChannels: true)
        case .arithmetic, .shapeArithmetic(.comparison), .shapeArithmetic(.logic), .expansion:
            return broadcast(node.inputs.compactMap { $0 }, shape)
        case .shapeArithmetic(.selection): return broadcast(node.inputs.dropFirst().compactMap { $0 }, shape)
        case .fullyConnected: return source.map { $0.dropLast() + [.channels(shape[shape.rank - 1])] }
        case .matrixProduct: return product(node, shape)
        case .reduction(let reduction): return reduced(source, reduction)
        case .concatenation(let axis): return joined(node, axis, shape)
        case .reshape, .flatten, .squeeze, .unsqueeze: return source.flatMap { regrouped($0, to: shape) }
        case .transpose(let order):
            guard let source else { return nil }
            let order = order ?? Array(source.indices.reversed())
            return order.map { source.indices.contains($0) ? source[$0] : nil }
        case .slice, .part: return cut(node, source, shape)
        case .gather(let axis): return gathered(node, source, axis, shape)
        case .recurrence, .sampling, .einsum, .extremum, .ranking, .accumulation, .triangle, .pick, .scatter, .tiling,
            .depthToSpace, .spaceToDepth, .graft, .shapeArithmetic:
            return nil
        }
    }

    /// Of a value that the image decides, or of a constant, which has channels alone.
    private func axes(_ value: ValueID) -> [AxisRole?]? { roles[value] }

    /// Windows move over the axes behind the first two; each keeps what it is, on a grid of its own.
    private func windows(_ source: [AxisRole?]?, _ shape: Shape, keepsChannels: Bool) -> [AxisRole?]? {
        guard let source, source.count == shape.rank else { return nil }
        return source.indices.map { axis in
            guard let role = source[axis] else { return nil }
            if role.extent == shape[axis], keepsChannels || axis != 1 { return role }
            if axis == 1, !keepsChannels, !role.hasPlaces { return .channels(shape[axis]) }
            guard role.factors.count <= 1, role.before == 0, role.after == 0 else { return nil }
            return .axis(role.factors.first?.kind ?? .channel, shape[axis])
        }
    }

    /// Of each axis, the operand that has it; places win over channels, which constants have.
    private func broadcast(_ operands: [ValueID], _ shape: Shape) -> [AxisRole?]? {
        let known = operands.compactMap(axes)
        guard !known.isEmpty else { return nil }
        return shape.dimensions.indices.map { axis in
            let candidates = known.compactMap { axes -> AxisRole? in
                let position = axis - (shape.rank - axes.count)
                guard axes.indices.contains(position), let role = axes[position], role.extent == shape[axis] else {
                    return nil
                }
                return role
            }
            return candidates.first(where: \.hasPlaces) ?? candidates.first
        }
    }

    /// Rows of the left matrix, columns of the right one.
    private func product(_ node: Node, _ shape: Shape) -> [AxisRole?]? {
        guard let left = node.input(0), let right = node.input(1), shape.rank >= 2,
            let leftRank = self.shape(of: left)?.rank, let rightRank = self.shape(of: right)?.rank,
            leftRank >= 2, rightRank >= 2
        else { return nil }
        let (a, b) = (axes(left), axes(right))
        var result: [AxisRole?] = shape.dimensions.indices.dropLast(2).map { axis in
            [a, b].compactMap { axes -> AxisRole? in
                guard let axes else { return nil }
                let position = axis - (shape.rank - axes.count)
                guard axes.indices.contains(position), let role = axes[position] else { return nil }
                return role.extent == shape[axis] ? role : nil
            }.first
        }
        result.append(a.flatMap { $0[leftRank - 2] } ?? (a == nil ? .channels(shape[shape.rank - 2]) : nil))
        result.append(b.flatMap { $0[rightRank - 1] } ?? (b == nil ? .channels(shape[shape.rank - 1]) : nil))
        return result
    }

    private func reduced(_ source: [AxisRole?]?, _ reduction: Reduction) -> [AxisRole?]? {
        guard let source else { return nil }
        let axes = (reduction.axes ?? Array(source.indices)).map { $0 < 0 ? $0 + source.count : $0 }
        return source.indices.compactMap { axis -> AxisRole?? in
            guard axes.contains(axis) else { return source[axis] }
            return reduction.keepsAxes ? .some(.channels(1)) : nil
        }
    }

    /// Channels joined to channels, or positions without a place before and after those with one.
    private func joined(_ node: Node, _ axis: Int, _ shape: Shape) -> [AxisRole?]? {
        let operands = node.inputs.compactMap { $0 }
        let axis = axis < 0 ? axis + shape.rank : axis
        guard
            let model = operands.compactMap(axes).first(where: { $0.contains { $0?.hasPlaces ?? true } })
                ?? axes(operands[0]),
            model.indices.contains(axis)
        else { return nil }
        var result = model
        let roles = operands.map { axes($0).map { $0[axis] } ?? .channels(self.shape(of: $0)?[axis] ?? 1) }
        let placed = roles.indices.filter { roles[$0]?.hasPlaces ?? true }
        if placed.isEmpty {
            result[axis] = .channels(shape[axis])
        } else if placed.count == 1, var role = roles[placed[0]] {
            for (position, operand) in operands.enumerated() where position != placed[0] {
                let count = self.shape(of: operand)?[axis] ?? 0
                if position < placed[0] { role.before += count } else { role.after += count }
            }
            result[axis] = role
        } else {
            result[axis] = nil
        }
        return result
    }
}
