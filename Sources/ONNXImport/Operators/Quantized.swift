import Networks
import Tensors

// Integers that stand for numbers; see ``Quantization``. Sums of their products are exact: see ``GraphBuilder/products``.

/// Inputs x, scale, zero?.
func buildQuantizeLinear(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    if let format = try builder.smallFloat(node, zero: 2) { return try builder.appendQuantized(node, to: format) }
    let range = try builder.integerRange(node, 2)
    let grouping = try builder.grouping(node, x: 0, scale: 1)
    try builder.append(
        node, .quantization(.quantize(range, grouping)), inputs: (0..<3).map { builder.input(node, $0) })
}

/// Inputs q, scale, zero?. Stored integers become numbers while the model is loaded.
func buildDequantizeLinear(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    if builder.constant(node, 0) != nil, builder.constant(node, 1) != nil {
        return try buildStoredDequantizeLinear(node, &builder)
    }
    let grouping = try builder.grouping(node, x: 0, scale: 1)
    try builder.append(
        node, .quantization(.dequantize(grouping)), inputs: (0..<3).map { builder.input(node, $0) })
}

func buildDynamicQuantizeLinear(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .quantization(.dynamic), inputs: [builder.input(node, 0)], outputs: [0, 1, 2])
}

// MARK: Products

/// Inputs x, weights, zero of x?, zero of the weights?.
func buildConvInteger(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = try builder.centred(node, 0, zero: 2, "x")
    let parts = try builder.convolutions(node, x, weights: 1, zero: 3)
    try builder.restore(node, parts, axis: 1, range: nil, scale: nil, zero: nil)
}

/// Inputs a, b, zero of a?, zero of b?.
func buildMatMulInteger(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let parts = try builder.products(node, a: 0, zeroA: 2, b: 1, zeroB: 3)
    try builder.restore(node, parts, axis: -1, range: nil, scale: nil, zero: nil)
}

/// Inputs x and its scale and zero, weights and their scale and zero, scale and zero of the result, bias?.
func buildQuantizedConvolution(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = try builder.centred(node, 0, zero: 2, "x")
    let parts = try builder.convolutions(node, x, weights: 3, zero: 5)
    try builder.restore(
        node, parts, axis: 1, bias: builder.input(node, 8), range: try builder.integerRange(node, 7),
        scale: try builder.combinedScale(node, [1, 4], over: 6), zero: builder.input(node, 7))
}

/// Inputs a and its scale and zero, b and its scale and zero, scale and zero of the result.
func buildQuantizedMatrixProduct(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let parts = try builder.products(node, a: 0, zeroA: 2, b: 3, zeroB: 5)
    try builder.restore(
        node, parts, axis: -1, range: try builder.integerRange(node, 7),
        scale: try builder.combinedScale(node, [1, 4], over: 6), zero: builder.input(node, 7))
}

/// The same of ONNX Runtime with a bias (integers of the products' scale) as input 6, scale and zero of the result as
/// inputs 7 and 8; without these two the result is numbers.
func buildQuantizedGemm(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard node.float("alpha") ?? 1 == 1, try !node.flag("transA") else { throw node.unsupported("alpha or transA") }
    let parts = try builder.products(node, a: 0, zeroA: 2, b: 3, zeroB: 5, turnsB: try node.flag("transB"))
    let bias = builder.input(node, 6)
    guard builder.input(node, 7) != nil else {
        let sums = try builder.restored(node, parts, axis: -1, bias: bias, range: nil, scale: nil, zero: nil)
        let scale = try builder.combinedScale(node, [1, 4], over: nil)
        return try builder.append(node, .arithmetic(.multiply), inputs: [sums, scale])
    }
    try builder.restore(
        node, parts, axis: -1, bias: bias, range: try builder.integerRange(node, 8),
        scale: try builder.combinedScale(node, [1, 4], over: 7), zero: builder.input(node, 8))
}

extension GraphBuilder {
    /// The integers that a zero's type leaves room for.
    func integerRange(_ node: NodeReader, _ position: Int) throws(ONNXError) -> Quantization.IntegerRange {
        let known = input(node, position).flatMap { elementTypes[$0] }
        let type = if let known { known } else { try node.quantizedType() }
        guard let width = type.narrowWidth else {
            throw node.unsupported("integers other than those of 2, 4, 8 and 16 bits")
        }
        let count = 1 << width
        return Quantization.IntegerRange(type.isSigned ? -count / 2...count / 2 - 1 : 0...count - 1)
    }

    /// The format of few bits that the result is quantized to, where it is no integer.
    fileprivate func smallFloat(_ node: NodeReader, zero: Int) throws(ONNXError) -> SmallFloat? {
        let known = input(node, zero).flatMap { elementTypes[$0] }
        return if let known { known.smallFloat } else { try node.quantizedType().smallFloat }
    }

    /// x/scale + zero, rounded to a number of few bits. The scale is one, or one for each position along `axis`.
    fileprivate mutating func appendQuantized(_ node: NodeReader, to format: SmallFloat) throws(ONNXError) {
        guard try node.blockSize() == 0 else { throw node.unsupported("blocks of numbers of \(format.width) bits") }
        let x = input(node, 0)
        func lying(_ builder: inout GraphBuilder, _ position: Int) throws(ONNXError) -> ValueID? {
            guard let value = builder.input(node, position), builder.constant(node, position)?.shape.count ?? 1 > 1
            else {
                return builder.input(node, position)
            }
            return try builder.aligned(node, value, with: x, at: try node.integer("axis") ?? 1)
        }
        let divisor = try lying(&self, 1)
        var value = try step(node, .arithmetic(.divide), [x, divisor], named: "quotient")
        if let zero = try lying(&self, 2) { value = try sum(node, value, zero, "moved") }
        let saturates = try node.flag("saturate", otherwise: true)
        try append(node, .activation(.narrowing(format, saturates: saturates, direction: .up)), inputs: [value])
    }

    /// Which values have a scale in common.
    func grouping(_ node: NodeReader, x: Int, scale: Int) throws(ONNXError) -> Quantization.Grouping {
        Quantization.Grouping(axis: try node.integer("axis") ?? 1, block: try node.blockSize())
    }

    /// x − zero.
    mutating func centred(
        _ node: NodeReader, _ position: Int, zero: Int, _ name: String
    ) throws(ONNXError) -> ValueID? {
        let x = input(node, position)
        guard let zeroValue = input(node, zero) else { return x }
        guard let known = constant(node, zero) else {
            return try step(node, .arithmetic(.subtract), [x, zeroValue], named: "\(name).centred")
        }
        let values = known.numbers
        guard let first = values.first, values.allSatisfy({ $0 == first }) else {
            throw node.unsupported("zeros that differ within \(name)")
        }
        return try scaled(node, x, by: 1, plus: -first, "\(name).centred")
    }

    /// Stored integers less their zeros, which are one or as many as the axis is long, as numbers; nil where they are not
    /// stored.
    private func stored(
        _ node: NodeReader, _ position: Int, zero: Int, axis: Int
    ) throws(ONNXError) -> (shape: Shape, values: [Float])? {
        guard let integers = constant(node, position) else { return nil }
        let shape = integers.shape
        var values = integers.numbers
        guard input(node, zero) != nil else { return (shape, values) }
        guard let zeros = constant(node, zero)?.numbers else {
            throw node.unsupported("a zero of stored integers that is computed")
        }
        let place = axis < 0 ? axis + shape.rank : axis
        guard shape.dimensions.indices.contains(place), zeros.count == 1 || zeros.count == shape[place] else {
            throw node.invalid("\(zeros.count) zeros for \(shape)")
        }
        let stride = shape.strides[place]
        for index in values.indices { values[index] -= zeros[zeros.count == 1 ? 0 : index / stride % shape[place]] }
        return (shape, values)
    }

    // MARK: Sums that are exact

    /// Single precision holds every integer up to this.
    private static let largestExactSum = Float(1 << 24)
    /// No 8-bit integer is farther from its zero.
    private static let largestFactor: Float = 255
    private static let digitBase: Float = 16

    /// The numbers as such, or as their digits of base 16 (−8…7 and what is left), so that no sum of their products with
    /// 8-bit integers leaves what single precision holds exactly.
    ///
    /// - Parameter sumOf: which sum each value goes into.
    private func digits(
        _ node: NodeReader, _ values: [Float], sums: Int, sumOf: (Int) -> Int
    ) throws(ONNXError) -> [(factor: Int, values: [Float])] {
        func fits(_ values: [Float]) -> Bool {
            var total = [Float](repeating: 0, count: max(sums, 1))
            for index in values.indices { total[sumOf(index)] += abs(values[index]) }
            return total.allSatisfy { $0 * Self.largestFactor <= Self.largestExactSum }
        }
        if fits(values) { return [(1, values)] }
        let upper = values.map { ($0 / Self.digitBase).rounded(.toNearestOrEven) }
        let lower = zip(values, upper).map { $0 - Self.digitBase * $1 }
        guard fits(upper), fits(lower) else { throw node.unsupported("sums of so many products of integers") }
        return [(Int(Self.digitBase), upper), (1, lower)]
    }

    /// The convolutions whose results, times their factors, add up to the sums of products.
    mutating func convolutions(
        _ node: NodeReader, _ x: ValueID?, weights position: Int, zero: Int
    ) throws(ONNXError) -> [(factor: Int, value: ValueID)] {
        guard let (shape, values) = try stored(node, position, zero: zero, axis: 0), shape.rank >= 3, shape.count > 0
        else { throw node.unsupported("weights that are computed by other nodes") }
        let kernel = Array(shape.dimensions.dropFirst(2))
        guard (1...3).contains(kernel.count) else { throw node.unsupported("\(kernel.count) spatial axes") }
        let operation = Operator.convolution(
            Convolution(window: try node.window(kernel: kernel), groups: try node.integer("group") ?? 1, isExact: true))
        guard try node.integer("group") ?? 1 > 0 else { throw node.invalid("group") }
        let perOutput = shape.strides[0]
        var parts: [(factor: Int, value: ValueID)] = []
        for (factor, digits) in try digits(node, values, sums: shape[0], sumOf: { $0 / perOutput }) {
            let weights = try derived(node, "weights", digits, shape.dimensions)
            parts.append((factor, try step(node, operation, [x, weights], named: "sums")))
        }
        return parts
    }

    /// The matrix products whose results, times their factors, add up to the sums of products. Where neither matrix is
    /// stored, both are cut into digits while the network runs, which is enough for sums of 65536 products.
    mutating func products(
        _ node: NodeReader, a: Int, zeroA: Int, b: Int, zeroB: Int, turnsB: Bool = false
    ) throws(ONNXError) -> [(factor: Int, value: ValueID)] {
        if let (shape, values) = try stored(node, b, zero: zeroB, axis: turnsB ? 0 : -1), shape.rank >= 1 {
            let left = try centred(node, a, zero: zeroA, "a")
            let columns = shape.rank == 1 ? 1 : turnsB ? shape[0] : shape[shape.rank - 1]
            guard !turnsB || shape.rank == 2, shape.count > 0 else { throw node.invalid("B \(shape)") }
            let inner = shape.count / columns
            var parts: [(factor: Int, value: ValueID)] = []
            // Matrices behind each other count as one long one, which is more than enough.
            let sumOf: (Int) -> Int = turnsB ? { $0 / inner } : { $0 % columns }
            for (factor, digits) in try digits(node, values, sums: columns, sumOf: sumOf) {
                var right = try derived(node, "b", digits, shape.dimensions)
                if turnsB { right = try step(node, .transpose(order: [1, 0]), [right], named: "b.turned") }
                parts.append((factor, try step(node, .matrixProduct, [left, right], named: "sums")))
            }
            return parts
        }
        guard !turnsB else { throw node.unsupported("transB and a matrix that is computed by other nodes") }
        let left = try runningDigits(node, try centred(node, a, zero: zeroA, "a"), "a")
        let right = try runningDigits(node, try centred(node, b, zero: zeroB, "b"), "b")
        var parts: [(factor: Int, value: ValueID)] = []
        for (x, own) in left {
            for (y, other) in right {
                parts.append((x * y, try step(node, .matrixProduct, [own, other], named: "sums")))
            }
        }
        return parts
    }

    private mutating func runningDigits(
        _ node: NodeReader, _ value: ValueID?, _ name: String
    ) throws(ONNXError) -> [(factor: Int, value: ValueID?)] {
        let shifted = try scaled(node, value, by: 1 / Self.digitBase, "\(name).shifted")
        let upper = try step(node, .activation(.rounding(.toNearestEven)), [shifted], named: "\(name).upper")
        let back = try scaled(node, upper, by: Self.digitBase, "\(name).back")
        let lower = try step(node, .arithmetic(.subtract), [value, back], named: "\(name).lower")
        return [(Int(Self.digitBase), upper), (1, lower)]
    }

    /// The product of the scales at these positions, over the last one, in single precision as ONNX Runtime computes it.
    mutating func combinedScale(
        _ node: NodeReader, _ factors: [Int], over divisor: Int?
    ) throws(ONNXError) -> ValueID {
        func scale(_ position: Int) throws(ONNXError) -> [Float] {
            guard let values = constant(node, position)?.tensor?.values, !values.isEmpty else {
                throw node.unsupported("a scale that is computed by other nodes")
            }
            return values
        }
        var product: [Float] = [1]
        for position in factors {
            let next = try scale(position)
            guard product.count == 1 || next.count == 1 || product.count == next.count else {
                throw node.invalid("\(product.count) and \(next.count) scales")
            }
            product = (0..<max(product.count, next.count)).map {
                product[product.count == 1 ? 0 : $0] * next[next.count == 1 ? 0 : $0]
            }
        }
        if let divisor {
            let last = try scale(divisor)
            guard last.count == 1 else { throw node.unsupported("a result with several scales") }
            product = product.map { $0 / last[0] }
        }
        return try derived(node, "scale", product, [product.count])
    }

    // MARK: From sums to integers

    mutating func restored(
        _ node: NodeReader, _ parts: [(factor: Int, value: ValueID)], axis: Int, bias: ValueID? = nil,
        range: Quantization.IntegerRange?, scale: ValueID?, zero: ValueID?
    ) throws(ONNXError) -> ValueID {
        let restoration = Quantization.Restoration(factors: parts.map(\.factor), axis: axis, range: range)
        return try step(
            node, .quantization(.restore(restoration)),
            parts.map { $0.value } + [try knownBias(node, bias), scale, try knownBias(node, zero)], named: "restored")
    }

    mutating func restore(
        _ node: NodeReader, _ parts: [(factor: Int, value: ValueID)], axis: Int, bias: ValueID? = nil,
        range: Quantization.IntegerRange?, scale: ValueID?, zero: ValueID?
    ) throws(ONNXError) {
        let restoration = Quantization.Restoration(factors: parts.map(\.factor), axis: axis, range: range)
        try append(
            node, .quantization(.restore(restoration)),
            inputs: parts.map { $0.value } + [try knownBias(node, bias), scale, try knownBias(node, zero)])
    }

    private func knownBias(_ node: NodeReader, _ value: ValueID?) throws(ONNXError) -> ValueID? {
        if let value, graph.constants[value] == nil {
            throw node.unsupported("a bias or zero that is computed by other nodes")
        }
        return value
    }
}

extension NodeReader {
    /// The type that `output_dtype` names, else bytes without a sign.
    fileprivate func quantizedType() throws(ONNXError) -> ElementType {
        let number = try integer("output_dtype") ?? 0
        guard number != 0 else { return .uint8 }
        guard let raw = Int32(exactly: number), let type = ElementType(rawValue: raw) else {
            throw unsupported("output_dtype = \(number)")
        }
        return type
    }

    fileprivate func blockSize() throws(ONNXError) -> Int {
        let block = try integer("block_size") ?? 0
        guard block >= 0 else { throw invalid("block_size = \(block)") }
        return block
    }
}
