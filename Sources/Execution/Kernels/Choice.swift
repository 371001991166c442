import Networks
import Tensors

extension PlanBuilder {
    /// Comparisons, logic, casts and choices among values that depend on the network's input. All but choices are
    /// constant almost everywhere, so that nothing goes back through them, as in PyTorch.
    func emitShapeArithmetic(_ node: Node, _ kind: ShapeArithmetic) throws(ExecutionError) {
        switch kind {
        case .comparison(let comparison): try emitFlags(node, comparison)
        case .logic(let logic): try emitFlags(node, logic)
        case .cast(.float): try emitIdentity(node)
        case .cast(.integer): try emitScalar(node, StepFunction(kind: .towardZero))
        case .cast(.flag): try emitScalar(node, Truth())
        case .selection: try emitSelection(node)
        case .extents, .count, .range, .filled, .nonZero:
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its input depends on what the network reads")
        }
    }

    private func emitFlags(_ node: Node, _ comparison: ShapeArithmetic.Comparison) throws(ExecutionError) {
        switch comparison {
        case .equal: try emitFlags(node, Equal.self)
        case .notEqual: try emitFlags(node, NotEqual.self)
        case .less: try emitFlags(node, Less.self)
        case .lessOrEqual: try emitFlags(node, LessOrEqual.self)
        case .greater: try emitFlags(node, Greater.self)
        case .greaterOrEqual: try emitFlags(node, GreaterOrEqual.self)
        }
    }

    private func emitFlags(_ node: Node, _ logic: ShapeArithmetic.Logic) throws(ExecutionError) {
        switch logic {
        case .and: try emitFlags(node, Both.self)
        case .or: try emitFlags(node, Either.self)
        case .exclusiveOr: try emitFlags(node, OneOnly.self)
        case .not: try emitScalar(node, Falsehood())
        }
    }

    private func emitFlags<Function: PairFunction>(
        _ node: Node, _ function: Function.Type
    ) throws(ExecutionError) {
        let extents = shape(of: node.output).dimensions
        set(node.output, try emitPairs(function, try input(node, 0), try input(node, 1), to: extents, for: node))
    }

    /// a where the condition holds, else b, broadcast as NumPy does. Back: each gets the signal where it was chosen.
    private func emitSelection(_ node: Node) throws(ExecutionError) {
        let extents = shape(of: node.output).dimensions
        let condition = try plain(try input(node, 0), for: node)
        let a = try plain(try input(node, 1), for: node)
        let b = try plain(try input(node, 2), for: node)
        let y = try allocatePlain(extents, for: node)
        let loop = StridedLoop(
            extents,
            [
                .broadcast(condition.extents, to: extents), .broadcast(a.extents, to: extents),
                .broadcast(b.extents, to: extents), .dense(extents),
            ])
        emit(node, reading: [condition, a, b], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let steps = (loop.step(0), loop.step(1), loop.step(2))
            loop.forEachRun { start in
                let condition = pointers[0] + start[0]
                let a = pointers[1] + start[1]
                let b = pointers[2] + start[2]
                let y = pointers[3] + start[3]
                for index in 0..<loop.run {
                    y[index] = condition[index * steps.0] != 0 ? a[index * steps.1] : b[index * steps.2]
                }
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            for (position, operand) in [(1, a), (2, b)] {
                let value = try builder.inputID(node, position)
                guard builder.isDifferentiated(value) else { continue }
                let incoming = try builder.plain(signal, for: node)
                let full =
                    position == 1
                    ? try builder.emitPairs(Kept.self, incoming, condition, to: extents, for: node)
                    : try builder.emitPairs(Dropped.self, incoming, condition, to: extents, for: node)
                passed.append((value, try builder.summed(full, to: operand.extents, for: node)))
            }
            return passed
        }
    }
}

/// a where the flag b holds, else 0, whatever a is.
private enum Kept: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { b != 0 ? a : 0 } }
/// a where the flag b does not hold, else 0.
private enum Dropped: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { b != 0 ? 0 : a } }

private enum Equal: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a == b ? 1 : 0 } }
private enum NotEqual: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a != b ? 1 : 0 } }
private enum Less: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a < b ? 1 : 0 } }
private enum LessOrEqual: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a <= b ? 1 : 0 } }
private enum Greater: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a > b ? 1 : 0 } }
private enum GreaterOrEqual: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a >= b ? 1 : 0 } }
private enum Both: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a != 0 && b != 0 ? 1 : 0 } }
private enum Either: PairFunction { static func value(_ a: Float, _ b: Float) -> Float { a != 0 || b != 0 ? 1 : 0 } }
private enum OneOnly: PairFunction {
    static func value(_ a: Float, _ b: Float) -> Float { (a != 0) != (b != 0) ? 1 : 0 }
}

private struct Truth: ScalarFunction {
    func value(_ x: Float) -> Float { x != 0 ? 1 : 0 }
    func slope(_ x: Float) -> Float { 0 }
}

private struct Falsehood: ScalarFunction {
    func value(_ x: Float) -> Float { x != 0 ? 0 : 1 }
    func slope(_ x: Float) -> Float { 0 }
}
