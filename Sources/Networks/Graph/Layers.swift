public import Tensors

/// One value on the way through a network, as people refer to it.
public struct Layer: Sendable {
    public let value: ValueID
    /// The ONNX name.
    public let name: String
    /// The name of the operator that makes it.
    public let operatorName: String
    public let shape: Shape
    /// The part of the image it depends on; nil where that is not a regular window: behind upsampling, slices, or branches of different strides.
    public let receptiveField: ReceptiveField?
}

/// Which part of the image a value depends on.
public enum ReceptiveField: Sendable, Equatable {
    /// Position p along an axis reads the pixels offset + p·stride ..< offset + p·stride + size. Padding counts as
    /// pixels outside of the image.
    case window(size: [Int], stride: [Int], offset: [Int])
    /// It depends on all of the image, since a global operator has been passed.
    case everything
}

extension Graph {
    /// The values that the network computes for inputs of these shapes, in order. What shapes alone decide is left out.
    ///
    /// - Throws: `NetworkError` where the shapes do not fit.
    public func layers(for inputShapes: [ValueID: Shape]) throws(NetworkError) -> [Layer] {
        let specialization = try specialized(for: inputShapes)
        var tracer = ReceptiveFieldTracer(graph: self, specialization: specialization)
        var layers: [Layer] = []
        for node in nodes where specialization.constants[node.output] == nil {
            let field = tracer.take(node)
            layers.append(
                Layer(
                    value: node.output, name: name(of: node.output), operatorName: node.operation.name,
                    shape: specialization.shapes[node.output] ?? .scalar, receptiveField: field))
        }
        return layers
    }
}

/// Follows receptive fields through the nodes. A window is that of the trailing axes of a value.
private struct ReceptiveFieldTracer {
    let graph: Graph
    let specialization: Specialization
    /// The field of each value. A value that is not here does not depend on an input; one with nil has a field that is not
    /// known.
    private var fields: [ValueID: ReceptiveField?] = [:]

    init(graph: Graph, specialization: Specialization) {
        self.graph = graph
        self.specialization = specialization
        for input in graph.inputs {
            let spatial = input.extents.count - 2
            let ones = [Int](repeating: 1, count: max(spatial, 0))
            fields[input.value] =
                spatial > 0 ? .window(size: ones, stride: ones, offset: ones.map { _ in 0 }) : .everything
        }
    }

    mutating func take(_ node: Node) -> ReceptiveField? {
        let sources = node.inputs.compactMap { $0 }.filter { fields[$0] != nil }
        guard !sources.isEmpty else { return nil }
        let field = field(of: node, sources)
        for output in node.outputs { fields[output] = .some(field) }
        return field
    }

    private func field(of node: Node, _ sources: [ValueID]) -> ReceptiveField? {
        guard let first = fields[sources[0]] ?? nil else { return nil }
        switch node.operation {
        case .convolution(let convolution): return first.through(convolution.window, extents(sources[0]))
        case .pooling(let pooling): return first.through(pooling.window, extents(sources[0]))
        case .activation, .identity, .batchNormalization, .localResponseNormalization: return first
        case .quantization(.dynamic), .recurrence: return .everything
        case .arithmetic, .concatenation, .shapeArithmetic, .quantization:
            return sources.dropFirst().reduce(first) { joined, source in
                joined.flatMap { joined in (fields[source] ?? nil).flatMap { joined.joined($0) } }
            }
        case .softmax(let softmax): return first.unless(touches(node, [softmax.axis]) || softmax.flattensTail)
        case .reduction(let reduction):
            guard reduction.keepsAxes, let axes = reduction.axes else { return .everything }
            return first.unless(touches(node, axes))
        case .normalization(let normalization):
            if case .layer = normalization.kind, spatialCount(first) == 0 { return first }
            return .everything
        case .globalPooling, .fullyConnected, .matrixProduct, .flatten: return .everything
        case .reshape: return first == .everything || keepsPlanes(node, spatialCount(first)) ? first : nil
        case .transpose(let order):
            return first == .everything || leavesPlanes(node, order, spatialCount(first)) ? first : nil
        case .part(let part): return first == .everything || !touches(node, [part.axis]) ? first : nil
        case .padding(let padding): return padded(node, padding, first)
        case .transposedConvolution, .maximumUnpooling, .resize, .squeeze, .unsqueeze, .slice, .expansion, .tiling,
            .depthToSpace, .spaceToDepth, .gather, .graft, .einsum, .extremum, .ranking, .accumulation, .triangle,
            .pick,
            .scatter,
            .sampling:
            return first == .everything ? .everything : nil
        }
    }

    /// Whether a reshape leaves the trailing axes, the planes, as they are.
    private func keepsPlanes(_ node: Node, _ planes: Int) -> Bool {
        node.input(0).map { dimensions($0).suffix(planes) == dimensions(node.output).suffix(planes) } ?? false
    }

    /// Whether a transpose leaves the planes where they are.
    private func leavesPlanes(_ node: Node, _ order: [Int]?, _ planes: Int) -> Bool {
        guard let order, let source = node.input(0) else { return false }
        // An image that comes with its channels last: every pixel sees itself, wherever it goes.
        if order == [0, 3, 1, 2], graph.inputs.contains(where: { $0.value == source }) { return true }
        return order.suffix(planes) == Array(dimensions(source).indices).suffix(planes)
    }

    private func padded(_ node: Node, _ padding: Padding, _ field: ReceptiveField) -> ReceptiveField? {
        guard case .window(let size, let stride, var offset) = field, let source = node.input(0) else { return field }
        guard let counts = node.input(1).flatMap({ graph.constants[$0] ?? specialization.constants[$0] })?.integers
        else { return nil }
        let rank = dimensions(source).count
        for (count, declared) in zip(counts, padding.axes ?? Array(0..<rank)) {
            let axis = (declared < 0 ? declared + rank : declared) - (rank - offset.count)
            if axis >= 0, let moved = Int.product(count, stride[axis]) { offset[axis] -= moved }
        }
        return .window(size: size, stride: stride, offset: offset)
    }

    /// Whether any of the axes is one of the plane.
    private func touches(_ node: Node, _ axes: [Int]) -> Bool {
        guard let source = node.input(0), let rank = specialization.shapes[source]?.rank else { return true }
        let planes = (fields[source] ?? nil).map(spatialCount) ?? 0
        return axes.contains { ($0 < 0 ? $0 + rank : $0) >= rank - planes }
    }

    private func spatialCount(_ field: ReceptiveField) -> Int {
        if case .window(let size, _, _) = field { size.count } else { 0 }
    }

    private func dimensions(_ value: ValueID) -> [Int] { specialization.shapes[value]?.dimensions ?? [] }

    private func extents(_ value: ValueID) -> [Int] {
        Array(dimensions(value).dropFirst(2))
    }
}

extension ReceptiveField {
    /// The field behind a window that stands on values of this field; nil where the numbers get out of hand.
    fileprivate func through(_ window: Window, _ extents: [Int]) -> ReceptiveField? {
        guard case .window(var size, var stride, var offset) = self else { return self }
        guard size.count == window.kernel.count, extents.count == size.count else { return nil }
        let begin = window.padding(for: extents).begin
        for axis in size.indices {
            guard let added = Int.product(window.span(axis) - 1, stride[axis]),
                let shift = Int.product(begin[axis], stride[axis]),
                let step = Int.product(stride[axis], window.stride[axis])
            else { return nil }
            size[axis] += added
            offset[axis] -= shift
            stride[axis] = step
        }
        return .window(size: size, stride: stride, offset: offset)
    }

    /// What depends on both.
    fileprivate func joined(_ other: ReceptiveField) -> ReceptiveField? {
        guard case .window(let size, let stride, let offset) = self,
            case .window(let otherSize, let otherStride, let otherOffset) = other
        else { return .everything }
        guard stride == otherStride else { return nil }
        let first = zip(offset, otherOffset).map { min($0, $1) }
        let end = offset.indices.map { max(offset[$0] + size[$0], otherOffset[$0] + otherSize[$0]) }
        return .window(size: zip(end, first).map { $0 - $1 }, stride: stride, offset: first)
    }

    fileprivate func unless(_ mixesPlanes: Bool) -> ReceptiveField { mixesPlanes ? .everything : self }
}

extension Int {
    /// The product; nil beyond any honest receptive field, so that sums of a few thousand of them do not overflow.
    fileprivate static func product(_ a: Int, _ b: Int) -> Int? {
        let (product, isTooLarge) = a.multipliedReportingOverflow(by: b)
        return isTooLarge || product.magnitude > 1 << 40 ? nil : product
    }
}
