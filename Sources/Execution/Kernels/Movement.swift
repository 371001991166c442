import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Operators that only take values elsewhere: what goes where was worked out when the graph was specialized. Back:
    /// each value's signal goes to where the value came from.
    func emitMovement(_ node: Node) throws(ExecutionError) {
        let extents = shape(of: node.output).dimensions
        guard let movement = specialization.movements[node.output] else {
            throw .unsupported(node: node.name, operation: node.operation.name, reason: "its shape is not known")
        }
        switch movement {
        case .view(let view):
            let x = try input(node, 0)
            if let same = try relabelled(x, as: view, to: extents, for: node) {
                set(node.output, same)
            } else {
                let x = try plain(x, for: node)
                set(node.output, try reshaped(try gathered(x, view, for: node), to: extents, for: node))
            }
            record(node) { (builder, signal, _) throws(ExecutionError) in
                let incoming = try builder.plain(signal, for: node)
                return [
                    (try builder.inputID(node, 0), try builder.scattered(incoming, view, over: x.extents, for: node))
                ]
            }
        case .embedding(let source, let target, let value):
            let x = try plain(try input(node, 0), for: node)
            set(node.output, try embedded(x, from: source, to: target, in: extents, filling: value, for: node))
            record(node) { (builder, signal, _) throws(ExecutionError) in
                let incoming = try builder.plain(signal, for: node)
                let passed = try builder.embedded(
                    incoming, from: target, to: source, in: x.extents, filling: 0, for: node)
                return [(try builder.inputID(node, 0), passed)]
            }
        case .mapping(let maps):
            try emitMapping(node, try input(node, 0), maps, extents)
        }
    }

    /// The tensor where it is as the view shows it, and only its axes are called otherwise: all of it, or channels last as
    /// rows of channels, or these as channels last; nil where something has to move.
    private func relabelled(
        _ x: PlannedTensor, as view: StridedView, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        guard view.offset == 0, !extents.contains(0) else { return nil }
        func shows(_ axes: [Int]) -> Bool {
            let strides = StridedLoop.Operand.dense(x.extents).strides
            return view.extents == axes.map { x.extents[$0] } && view.strides == axes.map { strides[$0] }
        }
        if shows(Array(x.extents.indices)), extents == x.extents { return x }
        guard x.extents.count == 4, view.extents == extents else { return nil }
        var result = x
        result.extents = extents
        if shows([0, 2, 3, 1]), x.layout == (try channelsLastLayout(x.extents, for: node)) {
            result.layout = try plainLayout(extents, for: node)
            return result
        }
        if shows([0, 3, 1, 2]), x.layout == (try plainLayout(x.extents, for: node)) {
            result.layout = try channelsLastLayout(extents, for: node)
            return result
        }
        return nil
    }

    /// The values that `view` shows of a plain tensor, row-major.
    func gathered(_ x: PlannedTensor, _ view: StridedView, for node: Node) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(view.extents, for: node)
        let dense = StridedLoop.Operand.dense(view.extents)
        let loop = StridedLoop(view.extents, [StridedLoop.Operand(view), dense])
        if let strided = reorderable(loop, operand: 0, of: x) {
            var target = y
            target.extents = strided.extents
            target.layout = try plainLayout(strided.extents, for: node)
            if try reorder(strided, into: target, for: node) { return y }
        }
        emit(node, reading: [x], writing: [y]) { addresses in
            copyRuns(loop, addresses[0], addresses[1])
        }
        return y
    }

    /// A signal of the view's extents, taken back to a tensor of `extents`; what the view shows more than once gets the
    /// sum, what it leaves out gets 0.
    func scattered(
        _ signal: PlannedTensor, _ view: StridedView, over extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let passed = try allocatePlain(extents, for: node)
        let count = extents.reduce(1, *)
        let loop = StridedLoop(view.extents, [StridedLoop.Operand(view), .dense(view.extents)])
        if let strided = reorderable(loop, operand: 0, of: passed) {
            var source = signal
            source.extents = strided.extents
            source.layout = try plainLayout(strided.extents, for: node)
            let fillsAll = view.count == count
            if try reorder(source, into: strided, clearing: fillsAll ? 0 : count, for: node) { return passed }
        }
        emit(node, reading: [signal], writing: [passed]) { addresses in
            let source = addresses[0].assumingMemoryBound(to: Float.self)
            let target = addresses[1].assumingMemoryBound(to: Float.self)
            target.update(repeating: 0, count: count)
            let step = loop.step(0)
            loop.forEachRun { start in
                let to = target + start[0]
                let from = source + start[1]
                if step == 0 {
                    to[0] += total(from, loop.run)
                } else {
                    for index in 0..<loop.run { to[index * step] += from[index] }
                }
            }
        }
        return passed
    }

    /// `tensor` seen as the loop sees its operand, where oneDNN has a name for that: it runs forward through every axis,
    /// and no two of its values are one.
    private func reorderable(_ loop: StridedLoop, operand: Int, of tensor: PlannedTensor) -> PlannedTensor? {
        let strides = loop.strides[operand]
        guard strides.allSatisfy({ $0 > 0 }), strides.contains(1), loop.extents.count <= 6,
            !loop.extents.contains(0)
        else { return nil }
        let axes = strides.indices.sorted { strides[$0] < strides[$1] }
        guard zip(axes, axes.dropFirst()).allSatisfy({ strides[$1] >= strides[$0] * loop.extents[$0] }) else {
            return nil
        }
        // Some views it has a name for and yet no kernel, oneDNN 2.6 for one every second value of an odd plane.
        guard let layout = try? Layout.strided(loop.extents, strides) else { return nil }
        var view = tensor
        view.extents = loop.extents
        view.offset += loop.start(operand) * MemoryLayout<Float>.stride
        view.layout = layout
        return view
    }

    /// Has oneDNN copy `source` to `target`, where it has a kernel for that.
    ///
    /// - Parameter clearing: so many values at the beginning of the target's memory are set to 0 before.
    /// - Returns: whether it has.
    private func reorder(
        _ source: PlannedTensor, into target: PlannedTensor, clearing count: Int = 0, for node: Node
    ) throws(ExecutionError) -> Bool {
        let primitive = try? Primitive {
            cdnn_reorder($0, engine.handle, source.layout.handle, target.layout.handle)
        }
        guard let primitive else { return false }
        if count > 0 {
            var whole = target
            whole.offset = 0
            emitFill(whole, count: count, value: 0, for: node)
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, source), (CDNN_ARG_DST, target)])
        return true
    }

    func emitFill(_ tensor: PlannedTensor, count: Int, value: Float, for node: Node) {
        emit(node, reading: [], writing: [tensor]) { addresses in
            addresses[0].assumingMemoryBound(to: Float.self).update(repeating: value, count: count)
        }
    }

    /// A tensor of `extents` that holds `x`, seen as `source`, at `target`, and `value` everywhere else.
    private func embedded(
        _ x: PlannedTensor, from source: StridedView, to target: StridedView, in extents: [Int],
        filling value: Float, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(extents, for: node)
        let count = extents.reduce(1, *)
        let loop = StridedLoop(source.extents, [StridedLoop.Operand(source), StridedLoop.Operand(target)])
        emit(node, reading: [x], writing: [y]) { addresses in
            addresses[1].assumingMemoryBound(to: Float.self).update(repeating: value, count: count)
            copyRuns(loop, addresses[0], addresses[1])
        }
        return y
    }
}

/// Copies operand 0 to operand 1.
private func copyRuns(_ loop: StridedLoop, _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) {
    let source = source.assumingMemoryBound(to: Float.self)
    let target = target.assumingMemoryBound(to: Float.self)
    let from = loop.step(0)
    let to = loop.step(1)
    loop.forEachRun { start in
        let x = source + start[0]
        let y = target + start[1]
        if from == 1, to == 1 {
            y.update(from: x, count: loop.run)
        } else {
            for index in 0..<loop.run { y[index * to] = x[index * from] }
        }
    }
}
