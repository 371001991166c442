import CDNN
import CVectors
import Networks
import Tensors

extension PlanBuilder {
    /// Two tensors value by value, broadcast against each other as NumPy does. Back: the signal times the derivative
    /// with respect to either, summed over the axes along which it was broadcast.
    func emitArithmetic(_ node: Node, _ kind: Arithmetic) throws(ExecutionError) {
        let a = try input(node, 0)
        let b = try input(node, 1)
        let extents = shape(of: node.output).dimensions
        let y = try combined(kind, a, b, to: extents, for: node)
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            var operands: [(position: Int, tensor: PlannedTensor, value: ValueID)] = []
            for (position, operand) in [a, b].enumerated() {
                let value = try builder.inputID(node, position)
                if builder.isDifferentiated(value) { operands.append((position, operand, value)) }
            }
            // What was broadcast comes first: the other's derivative may then lie where the signal does.
            operands.sort { $1.tensor.extents == extents && $0.tensor.extents != extents }
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            for (number, operand) in operands.enumerated() {
                let other = operand.position == 0 ? b : a
                if kind == .multiply,
                    let sums = try builder.channelProducts(signal, other, to: operand.tensor.extents, for: node)
                {
                    passed.append((operand.value, sums))
                    continue
                }
                let full = try builder.slope(
                    kind, ofOperand: operand.position, times: signal, a, b, result: y,
                    isLast: number == operands.count - 1, for: node)
                passed.append((operand.value, try builder.summed(full, to: operand.tensor.extents, for: node)))
            }
            return passed
        }
    }

    /// The signal times ∂(a ∘ b)/∂a or ∂(a ∘ b)/∂b, of the result's extents; a product that `isLast` to read the signal may
    /// lie there.
    private func slope(
        _ kind: Arithmetic, ofOperand position: Int, times signal: PlannedTensor, _ a: PlannedTensor,
        _ b: PlannedTensor, result y: PlannedTensor, isLast: Bool, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let extents = y.extents
        switch (kind, position) {
        case (.add, _), (.subtract, 0): return signal
        case (.subtract, _): return try scaled(signal, by: -1, for: node)
        case (.multiply, _):
            let other = position == 0 ? b : a
            if isLast, signal.extents == extents,
                let product = try oneDNNBinary(CDNN_BINARY_MUL, signal, other, isSignal: true, for: node)
            {
                return product
            }
            return try combined(.multiply, signal, other, to: extents, for: node)
        case (.divide, 0): return try combined(.divide, signal, b, to: extents, for: node)
        case (.divide, _):
            let quotient = try combined(.divide, signal, b, to: extents, for: node)
            return try scaled(try combined(.multiply, quotient, y, to: extents, for: node), by: -1, for: node)
        case (.maximum, 0): return try emitSlope(LargerShare.self, signal, a, b, for: node)
        case (.maximum, _): return try emitSlope(LargerShare.self, signal, b, a, for: node)
        case (.minimum, 0): return try emitSlope(SmallerShare.self, signal, a, b, for: node)
        case (.minimum, _): return try emitSlope(SmallerShare.self, signal, b, a, for: node)
        case (.power, 0): return try emitSlope(PowerOfBase.self, signal, a, b, for: node)
        case (.power, _): return try emitSlope(PowerOfExponent.self, signal, a, b, for: node)
        case (.parametricRelu, 0): return try emitSlope(ParametricReluOfInput.self, signal, a, b, for: node)
        case (.parametricRelu, _): return try emitSlope(ParametricReluOfSlope.self, signal, a, b, for: node)
        case (.truncatedQuotient, _), (.bitwiseAnd, _), (.bitwiseOr, _), (.bitwiseExclusiveOr, _), (.leftShift, _),
            (.rightShift, _):
            return try emitSlope(NoSlope.self, signal, a, b, for: node)
        case (.remainder, 0), (.truncatedRemainder, 0): return signal
        case (.remainder, _): return try emitSlope(RemainderOfDivisor.self, signal, a, b, for: node)
        case (.truncatedRemainder, _):
            return try emitSlope(TruncatedRemainderOfDivisor.self, signal, a, b, for: node)
        }
    }

    /// a ∘ b. oneDNN computes it where the first operand has the result's extents, or the second in a sum or product.
    private func combined(
        _ kind: Arithmetic, _ a: PlannedTensor, _ b: PlannedTensor, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        if let operation = kind.oneDNN {
            if a.extents == extents, let y = try oneDNNBinary(operation, a, b, for: node) { return y }
            if b.extents == extents, kind.isCommutative, let y = try oneDNNBinary(operation, b, a, for: node) {
                return y
            }
        }
        switch kind {
        case .add: return try emitPairs(Sum.self, a, b, to: extents, for: node)
        case .subtract: return try emitPairs(Difference.self, a, b, to: extents, for: node)
        case .multiply: return try emitPairs(Product.self, a, b, to: extents, for: node)
        case .divide: return try emitPairs(Quotient.self, a, b, to: extents, for: node)
        case .maximum: return try emitPairs(Larger.self, a, b, to: extents, for: node)
        case .minimum: return try emitPairs(Smaller.self, a, b, to: extents, for: node)
        case .power: return try emitPairs(Power.self, a, b, to: extents, for: node)
        case .parametricRelu: return try emitPairs(ParametricRelu.self, a, b, to: extents, for: node)
        case .truncatedQuotient: return try emitPairs(TruncatedQuotient.self, a, b, to: extents, for: node)
        case .remainder: return try emitPairs(Remainder.self, a, b, to: extents, for: node)
        case .truncatedRemainder: return try emitPairs(TruncatedRemainder.self, a, b, to: extents, for: node)
        case .bitwiseAnd: return try emitPairs(BitwiseAnd.self, a, b, to: extents, for: node)
        case .bitwiseOr: return try emitPairs(BitwiseOr.self, a, b, to: extents, for: node)
        case .bitwiseExclusiveOr: return try emitPairs(BitwiseExclusiveOr.self, a, b, to: extents, for: node)
        case .leftShift: return try emitPairs(LeftShift.self, a, b, to: extents, for: node)
        case .rightShift: return try emitPairs(RightShift.self, a, b, to: extents, for: node)
        }
    }

    /// Σ a·b over the planes of each channel, [N,C,1,1], of two tensors [N,C,H,W] that lie alike; nil where other extents are
    /// wanted, or where they lie otherwise.
    private func channelProducts(
        _ a: PlannedTensor, _ b: PlannedTensor, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        guard a.extents == b.extents, a.extents.count == 4, extents == a.extents.prefix(2) + [1, 1],
            let order = ChannelOrder.of(b.layout, extents: b.extents)
        else { return nil }
        let a = try converted(a, to: b.layout, for: node)
        let sums = try allocatePlain(extents, for: node)
        let (items, channels, positions) = (a.extents[0], a.extents[1], a.extents[2] * a.extents[3])
        let (blocks, width) = order.blocks(of: channels)
        emit(node, reading: [a, b], writing: [sums]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            cvectors_channel_products(
                pointers[0], pointers[1], Int64(items), Int64(blocks), Int64(positions), Int64(width),
                Int64(channels), pointers[2])
        }
        return sums
    }

    /// `total`, which nobody else reads, plus one value for each channel of each item, [N,C,1,1]; nil where oneDNN has only
    /// its slow reference for it.
    func added(
        _ values: PlannedTensor, toSignal total: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        try oneDNNBinary(CDNN_BINARY_ADD, total, values, isSignal: true, for: node)
    }

    /// a ∘ b in the layout of `a`, to which `b` is broadcast; nil where oneDNN has only its slow reference for it.
    ///
    /// - Parameter isSignal: whether `a` is a signal that is read here for the last time.
    private func oneDNNBinary(
        _ operation: cdnn_binary_kind, _ a: PlannedTensor, _ b: PlannedTensor, isSignal: Bool = false, for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        var b = b
        if a.extents == b.extents {
            b = try converted(b, to: a.layout, for: node)
        } else {
            guard a.extents.count <= 5, b.extents.count <= a.extents.count else { return nil }
            let padded = Array(repeating: 1, count: a.extents.count - b.extents.count) + b.extents
            if padded != b.extents { b = try reshaped(b, to: padded, for: node) }
        }
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_binary($0, engine.handle, operation, a.layout.handle, b.layout.handle, a.layout.handle)
            }
        }
        if a.extents != b.extents, primitive.implementation.hasPrefix("ref") { return nil }
        let result: PlannedTensor
        switch (mayOverlap(a, b), isSignal) {
        case (true, _): result = allocate(a.extents, a.layout)
        case (false, true): result = allocate(over: a)
        case (false, false): result = allocate(a.extents, a.layout, over: a, for: node)
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, a), (CDNN_ARG_SRC_1, b), (CDNN_ARG_DST, result)])
        return result
    }

    func scaled(
        _ tensor: PlannedTensor, by factor: Float, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(tensor.extents, tensor.layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_eltwise_forward($0, engine.handle, CDNN_ELTWISE_LINEAR, factor, 0, tensor.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, tensor), (CDNN_ARG_DST, result)])
        return result
    }

    // MARK: Kernels of our own

    func emitPairs<Function: PairFunction>(
        _ function: Function.Type, _ a: PlannedTensor, _ b: PlannedTensor, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let a = try plain(a, for: node)
        let b = try plain(b, for: node)
        let y = try allocatePlain(extents, for: node)
        let loop = StridedLoop(
            extents, [.broadcast(a.extents, to: extents), .broadcast(b.extents, to: extents), .dense(extents)])
        emit(node, reading: [a, b], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (stepA, stepB) = (loop.step(0), loop.step(1))
            loop.forEachRun { start in
                let a = pointers[0] + start[0]
                let b = pointers[1] + start[1]
                let y = pointers[2] + start[2]
                switch (stepA, stepB) {
                case (1, 1): for index in 0..<loop.run { y[index] = Function.value(a[index], b[index]) }
                case (1, 0):
                    let b = b[0]
                    for index in 0..<loop.run { y[index] = Function.value(a[index], b) }
                default:
                    for index in 0..<loop.run { y[index] = Function.value(a[index * stepA], b[index * stepB]) }
                }
            }
        }
        return y
    }

    private func emitSlope<Function: SlopeFunction>(
        _ function: Function.Type, _ signal: PlannedTensor, _ a: PlannedTensor, _ b: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let signal = try plain(signal, for: node)
        let a = try plain(a, for: node)
        let b = try plain(b, for: node)
        let extents = signal.extents
        let passed = try allocatePlain(extents, for: node)
        let loop = StridedLoop(
            extents, [.broadcast(a.extents, to: extents), .broadcast(b.extents, to: extents), .dense(extents)])
        emit(node, reading: [signal, a, b], writing: [passed]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (stepA, stepB) = (loop.step(0), loop.step(1))
            loop.forEachRun { start in
                let a = pointers[1] + start[0]
                let b = pointers[2] + start[1]
                let signal = pointers[0] + start[2]
                let passed = pointers[3] + start[2]
                for index in 0..<loop.run {
                    passed[index] = signal[index] * Function.value(a[index * stepA], b[index * stepB])
                }
            }
        }
        return passed
    }
}

extension Arithmetic {
    fileprivate var oneDNN: cdnn_binary_kind? {
        switch self {
        case .add: CDNN_BINARY_ADD
        case .subtract: CDNN_BINARY_SUB
        case .multiply: CDNN_BINARY_MUL
        case .divide: CDNN_BINARY_DIV
        case .maximum: CDNN_BINARY_MAX
        case .minimum: CDNN_BINARY_MIN
        case .power, .parametricRelu, .truncatedQuotient, .remainder, .truncatedRemainder, .bitwiseAnd, .bitwiseOr,
            .bitwiseExclusiveOr, .leftShift, .rightShift:
            nil
        }
    }

    fileprivate var isCommutative: Bool {
        switch self {
        case .add, .multiply, .maximum, .minimum, .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr: true
        case .subtract, .divide, .power, .parametricRelu, .truncatedQuotient, .remainder, .truncatedRemainder,
            .leftShift, .rightShift:
            false
        }
    }
}
