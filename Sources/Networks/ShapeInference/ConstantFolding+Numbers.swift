import Foundation
import Tensors

extension Specializer {
    func applied(_ activation: Activation, _ shape: Shape) throws(NetworkError) -> Constant? {
        switch constant(0) {
        case .floats(let tensor)?: return try floats(shape, tensor.values.map { activation.value(at: $0) })
        case .integers(_, let values)?:
            switch activation {
            case .rounding(.floor), .rounding(.ceiling), .rounding(.toNearestEven), .rounding(.towardZero):
                return .integers(shape: shape, values: values)
            default: break
            }
            return .integers(
                shape: shape,
                values: try values.map { (value) throws(NetworkError) in try integer(activation.value(at: Float(value)))
                }
            )
        case nil: return nil
        }
    }

    func combined(_ kind: Arithmetic, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let a = constant(0), let b = constant(1) else { return nil }
        switch (a, b) {
        case (.integers(_, let x), .integers(_, let y)):
            return .integers(
                shape: shape,
                values: try pairs(a.shape, b.shape, shape).map { (i, j) throws(NetworkError) in
                    try combined(kind, x[i], y[j])
                })
        case (.floats(let x), .floats(let y)):
            return try floats(
                shape,
                try pairs(a.shape, b.shape, shape).map { (i, j) throws(NetworkError) in
                    try combined(kind, x[i], y[j])
                })
        default: throw invalid("combines integers and other numbers")
        }
    }

    private func combined(_ kind: Arithmetic, _ x: Int, _ y: Int) throws(NetworkError) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch kind {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        case .divide, .truncatedQuotient: result = x.dividedReportingOverflow(by: y)
        case .truncatedRemainder: result = x.remainderReportingOverflow(dividingBy: y)
        case .remainder:
            let rest = x.remainderReportingOverflow(dividingBy: y)
            let needsSign = !rest.overflow && rest.partialValue != 0 && (rest.partialValue < 0) != (y < 0)
            result = needsSign ? (rest.partialValue + y, false) : rest
        case .maximum: result = (max(x, y), false)
        case .minimum: result = (min(x, y), false)
        case .parametricRelu: result = x > 0 ? (x, false) : x.multipliedReportingOverflow(by: y)
        case .power: return try integer(Activation.power(exponent: Float(y)).value(at: Float(x)))
        case .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .leftShift, .rightShift:
            result = kind.bits(x, y).map { ($0, false) } ?? (0, true)
        }
        guard !result.overflow else { throw invalid("\(x) and \(y) have no result") }
        return result.partialValue
    }

    private func combined(_ kind: Arithmetic, _ x: Float, _ y: Float) throws(NetworkError) -> Float {
        switch kind {
        case .add: return x + y
        case .subtract: return x - y
        case .multiply: return x * y
        case .divide: return x / y
        case .truncatedQuotient: return (x / y).rounded(.towardZero)
        case .maximum: return max(x, y)
        case .minimum: return min(x, y)
        case .power: return Activation.power(exponent: y).value(at: x)
        case .parametricRelu: return x > 0 ? x : x * y
        case .truncatedRemainder: return x.truncatingRemainder(dividingBy: y)
        case .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .leftShift, .rightShift:
            throw invalid("the bits of numbers that are no integers")
        case .remainder:
            let rest = x.truncatingRemainder(dividingBy: y)
            return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
        }
    }

    func reduced(_ reduction: Reduction, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let x = constant(0) else { return nil }
        let axes = try normalized(axes: reduction.axes ?? Array(0..<x.shape.rank), rank: x.shape.rank)
        // The result's position of every value: the reduced axes do not move it.
        var strides = [Int](repeating: 0, count: x.shape.rank)
        var stride = 1
        for axis in (0..<x.shape.rank).reversed() where !axes.contains(axis) {
            strides[axis] = stride
            stride *= x.shape[axis]
        }
        let view = StridedView(extents: x.shape.dimensions, strides: strides)
        let count = Double(max(axes.reduce(1) { $0 * x.shape[$1] }, 1))
        func results(_ values: [Double]) -> [Double] {
            let first: Double
            switch reduction.kind {
            case .sum, .mean, .norm, .logSumExp: first = 0
            case .product: first = 1
            case .maximum: first = -.infinity
            case .minimum: first = .infinity
            }
            var result = [Double](repeating: first, count: shape.count)
            var next = 0
            view.forEachOffset { target in
                let value = values[next]
                switch reduction.kind {
                case .sum, .mean: result[target] += value
                case .norm: result[target] += value * value
                case .logSumExp: result[target] += exp(value)
                case .product: result[target] *= value
                case .maximum: result[target] = max(result[target], value)
                case .minimum: result[target] = min(result[target], value)
                }
                next += 1
            }
            switch reduction.kind {
            case .mean: return result.map { $0 / count }
            case .norm: return result.map { $0.squareRoot() }
            case .logSumExp: return result.map { log($0) }
            case .sum, .maximum, .minimum, .product: return result
            }
        }
        switch x {
        case .floats(let tensor): return try floats(shape, results(tensor.values.map(Double.init)).map { Float($0) })
        case .integers(_, let values):
            return .integers(
                shape: shape,
                values: try results(values.map(Double.init)).map { (value) throws(NetworkError) in
                    try integer(value.rounded(.towardZero))
                })
        }
    }

    // MARK: Shape arithmetic

    func computed(_ kind: ShapeArithmetic, _ shape: Shape) throws(NetworkError) -> Constant? {
        switch kind {
        case .extents:
            let x = try input(0)
            return .integers(shape: shape, values: Array(x.dimensions[try extentRange(kind, rank: x.rank)]))
        case .count: return .integers(shape: shape, values: [try input(0).count])
        case .range: return try range(shape)
        case .filled(.float(let value)): return .floats(Tensor(shape: shape, repeating: value))
        case .filled(.integer(let value)):
            return .integers(shape: shape, values: Array(repeating: value, count: shape.count))
        case .selection: return try selected(shape)
        case .comparison(let comparison):
            guard let a = constant(0), let b = constant(1) else { return nil }
            let values = pairs(a.shape, b.shape, shape)
            if let x = a.integers, let y = b.integers {
                return .integers(shape: shape, values: values.map { comparison.holds(x[$0], y[$1]) ? 1 : 0 })
            }
            let x = a.numbers
            let y = b.numbers
            return .integers(shape: shape, values: values.map { comparison.holds(x[$0], y[$1]) ? 1 : 0 })
        case .logic(let logic):
            guard let a = constant(0) else { return nil }
            let x = a.numbers.map { $0 != 0 }
            guard let b = constant(1) else { return .integers(shape: shape, values: x.map { $0 ? 0 : 1 }) }
            let y = b.numbers.map { $0 != 0 }
            return .integers(
                shape: shape, values: pairs(a.shape, b.shape, shape).map { logic.holds(x[$0], y[$1]) ? 1 : 0 })
        case .cast(let element): return try cast(to: element, shape)
        case .nonZero:
            guard let x = constant(0) else { return nil }
            let numbers = x.numbers
            let found = numbers.indices.filter { numbers[$0] != 0 }
            let strides = x.shape.strides
            return .integers(
                shape: shape,
                values: strides.indices.flatMap { axis in found.map { $0 / strides[axis] % x.shape[axis] } })
        }
    }

    /// The axes that an extents operator names; positions outside stand for the edge.
    func extentRange(_ kind: ShapeArithmetic, rank: Int) throws(NetworkError) -> Range<Int> {
        guard case .extents(let first, let end) = kind else { return 0..<rank }
        func inside(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
        let lower = inside(first)
        return lower..<max(lower, inside(end ?? rank))
    }

    private func cast(to element: Element, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let x = constant(0) else { return nil }
        switch (element, x) {
        case (.float, .floats), (.integer, .integers): return x
        case (.float, .integers(_, let values)): return try floats(shape, values.map(Float.init))
        case (.integer, .floats(let tensor)):
            return .integers(
                shape: shape, values: try tensor.values.map { (value) throws(NetworkError) in try integer(value) })
        case (.flag, _): return .integers(shape: shape, values: x.numbers.map { $0 != 0 ? 1 : 0 })
        }
    }

    private func selected(_ shape: Shape) throws(NetworkError) -> Constant? {
        guard let condition = constant(0), let a = constant(1), let b = constant(2) else { return nil }
        let flags = condition.numbers.map { $0 != 0 }
        let where0 = offsets(condition.shape, in: shape)
        let whereA = offsets(a.shape, in: shape)
        let whereB = offsets(b.shape, in: shape)
        switch (a, b) {
        case (.integers(_, let x), .integers(_, let y)):
            return .integers(
                shape: shape, values: where0.indices.map { flags[where0[$0]] ? x[whereA[$0]] : y[whereB[$0]] })
        case (.floats(let x), .floats(let y)):
            return try floats(shape, where0.indices.map { flags[where0[$0]] ? x[whereA[$0]] : y[whereB[$0]] })
        default: throw invalid("chooses between integers and other numbers")
        }
    }

    func rangeCount() throws(NetworkError) -> Int {
        var bounds: [Double] = []
        for position in 0..<3 {
            guard let constant = constant(position), constant.shape.count == 1 else {
                throw .notConstant(node: node.name, operation: node.operation.name, input: "input \(position)")
            }
            bounds.append(constant.integers.map { Double($0[0]) } ?? Double(constant.numbers[0]))
        }
        let count = ((bounds[1] - bounds[0]) / bounds[2]).rounded(.up)
        guard count.isFinite, count <= Double(Shape.largestCount) else { throw invalid("range \(bounds)") }
        return max(0, Int(count))
    }

    private func range(_ shape: Shape) throws(NetworkError) -> Constant? {
        guard let first = constant(0), let step = constant(2) else { return nil }
        if let first = first.integers?.first, let step = step.integers?.first {
            var values: [Int] = []
            for index in 0..<shape.count {
                let (distance, isTooFar) = step.multipliedReportingOverflow(by: index)
                let (value, isTooLarge) = first.addingReportingOverflow(distance)
                guard !isTooFar, !isTooLarge else { throw invalid("range from \(first) by \(step)") }
                values.append(value)
            }
            return .integers(shape: shape, values: values)
        }
        let start = first.numbers[0]
        let step0 = step.numbers[0]
        return try floats(shape, (0..<shape.count).map { start + Float($0) * step0 })
    }

    private func integer<Number: BinaryFloatingPoint>(_ value: Number) throws(NetworkError) -> Int {
        guard let integer = Int(exactly: value.rounded(.towardZero)) else { throw invalid("\(value) is no integer") }
        return integer
    }

    // MARK: Broadcasting

    /// The offset in a tensor of `shape` of each value of the broadcast `result`.
    private func offsets(_ shape: Shape, in result: Shape) -> [Int] {
        let added = result.rank - shape.rank
        let strides = (0..<result.rank).map { $0 < added || shape[$0 - added] == 1 ? 0 : shape.strides[$0 - added] }
        var offsets: [Int] = []
        offsets.reserveCapacity(result.count)
        StridedView(extents: result.dimensions, strides: strides).forEachOffset { offsets.append($0) }
        return offsets
    }

    private func pairs(_ a: Shape, _ b: Shape, _ result: Shape) -> [(Int, Int)] {
        Array(zip(offsets(a, in: result), offsets(b, in: result)))
    }
}

extension ShapeArithmetic.Comparison {
    fileprivate func holds<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }
}

extension ShapeArithmetic.Logic {
    fileprivate func holds(_ a: Bool, _ b: Bool) -> Bool {
        switch self {
        case .and: a && b
        case .or: a || b
        case .not: !a
        case .exclusiveOr: a != b
        }
    }
}
