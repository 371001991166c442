import Deconvolution
import Execution
import Networks
import Tensors
import Testing

/// Matrix, sub-pixel convolution and the engine's kernels: four ways to one result, for every size, stride and padding.
@Suite("Transposed convolution four ways") struct AgreementTests {
    /// Sums of a few products in single precision.
    static let tolerance = 1e-5

    @Test("in one dimension, W·x is the engine's convolution and Wᵀ·y its vector-Jacobian product", arguments: 1...10)
    func oneDimension(length: Int) async throws {
        try await compare(Cases.oneDimension(length: length), [1, 1, length])
    }

    @Test(
        "in two dimensions as well, with other strides, filters and paddings down and across",
        arguments: [[3, 5], [4, 4], [6, 3], [5, 7]])
    func twoDimensions(extents: [Int]) async throws {
        try await compare(Cases.twoDimensions(height: extents[0], width: extents[1]), [1, 1, extents[0], extents[1]])
    }

    /// One graph with a convolution per case and a transposed convolution behind each.
    private func compare(_ cases: [WindowCase], _ shape: [Int]) async throws {
        #expect(cases.count > 3)
        var graph = Graph()
        let image = graph.intern("x")
        graph.inputs = [.init(value: image, extents: shape)]
        var transposed: [ValueID] = []
        for (index, item) in cases.enumerated() {
            let weights = graph.intern("w\(index)")
            graph.constants[weights] = .floats(try item.weights)
            let (y, back) = (graph.intern("y\(index)"), graph.intern("back\(index)"))
            graph.nodes.append(
                Node(
                    name: "convolution \(item)", operation: .convolution(Convolution(window: item.window, groups: 1)),
                    inputs: [image, weights], outputs: [y]))
            graph.nodes.append(
                Node(
                    name: "transposed \(item)",
                    operation: .transposedConvolution(
                        TransposedConvolution(
                            window: item.window, groups: 1, outputPadding: item.axes.map(\.remainder),
                            outputExtents: nil)),
                    inputs: [y, weights], outputs: [back]))
            graph.outputs.append(y)
            transposed.append(back)
        }
        graph.outputs += transposed
        let session = try InferenceSession(graph: graph, threads: 1)
        let input = try Numbers.tensor(shape, seed: 3)
        let finished = graph
        let (outputs, signals) = try await session.perform { (evaluator) throws(ExecutionError) in
            let pass = try evaluator.forward(
                [input], derivatives: cases.indices.map { Derivative(of: finished.outputs[$0], withRespectTo: [image]) }
            )
            var outputs: [Tensor] = []
            for index in finished.outputs.indices { outputs.append(try pass.output(index)) }
            var signals: [Tensor?] = []
            // The convolution's own output goes back, so that all ways start from the same values.
            for index in cases.indices { signals.append(try pass.derivative(index, seed: outputs[index])[0]) }
            return (outputs, signals)
        }
        for (index, item) in cases.enumerated() {
            let matrix = try item.matrix
            let y = try matrix.convolution(of: input.values.map(Double.init))
            let back = try matrix.transposedConvolution(of: y)
            let subPixel = try SubPixelConvolution(transposing: matrix).result(of: y)
            #expect(Numbers.distance(outputs[index].values, y) < Self.tolerance, "forward, \(item)")
            #expect(Numbers.distance(outputs[cases.count + index].values, back) < Self.tolerance, "transposed, \(item)")
            let signal = try #require(signals[index])
            #expect(Numbers.distance(signal.values, back) < Self.tolerance, "vector-Jacobian product, \(item)")
            #expect(Numbers.distance(subPixel, back) < 1e-12, "sub-pixel, \(item)")
        }
    }

    @Test("⟨W·x, y⟩ = ⟨x, Wᵀ·y⟩", arguments: Cases.oneDimension(length: 7))
    func adjoint(item: WindowCase) throws {
        let matrix = try item.matrix
        let x = Numbers.values(matrix.matrix.columns, seed: 1)
        let y = Numbers.values(matrix.matrix.rows, seed: 2)
        let left = zip(try matrix.convolution(of: x), y).reduce(0) { $0 + $1.0 * $1.1 }
        let right = zip(x, try matrix.transposedConvolution(of: y)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(left - right) < 1e-12)
    }
}

/// A window down and across, or across only.
struct WindowCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    /// Outermost first.
    let axes: [WindowAxis]

    var description: String {
        axes.map { "n \($0.length) f \($0.filter) s \($0.stride) p \($0.padding)" }.joined(separator: " × ")
    }
    var testDescription: String { description }

    var filter: [Double] { Numbers.values(axes.reduce(1) { $0 * $1.filter }, seed: axes.count) }

    var matrix: ConvolutionMatrix {
        get throws {
            axes.count == 1
                ? try ConvolutionMatrix(filter: filter, axis: axes[0])
                : try ConvolutionMatrix(filter: filter, vertical: axes[0], horizontal: axes[1])
        }
    }

    var weights: Tensor {
        get throws {
            try Tensor(shape: Shape([1, 1] + axes.map(\.filter)), values: filter.map(Float.init))
        }
    }

    var window: Window {
        Window(
            kernel: axes.map(\.filter), stride: axes.map(\.stride), dilation: axes.map { _ in 1 },
            padding: .explicit(begin: axes.map(\.padding), end: axes.map(\.padding)))
    }
}

enum Cases {
    /// Every filter up to 5, stride up to 4 and padding up to 3 that fits.
    static func oneDimension(length: Int) -> [WindowCase] {
        axes(length: length, filters: 1...5, strides: 1...4, paddings: 0...3).map { WindowCase(axes: [$0]) }
    }

    /// Pairs of axes that differ in everything.
    static func twoDimensions(height: Int, width: Int) -> [WindowCase] {
        let across = axes(length: width, filters: 1...4, strides: 1...3, paddings: 0...2)
        return axes(length: height, filters: 1...3, strides: 1...3, paddings: 0...2).enumerated()
            .flatMap { index, down in
                (0..<4).map { WindowCase(axes: [down, across[(index * 7 + $0 * 11) % across.count]]) }
            }
    }

    private static func axes(
        length: Int, filters: ClosedRange<Int>, strides: ClosedRange<Int>, paddings: ClosedRange<Int>
    ) -> [WindowAxis] {
        filters.flatMap { filter in
            strides.flatMap { stride in
                paddings.compactMap { padding in
                    try? WindowAxis(length: length, filter: filter, stride: stride, padding: padding)
                }
            }
        }
    }
}

enum Numbers {
    /// Between −1 and 1, all different, exact in single precision.
    static func values(_ count: Int, seed: Int) -> [Double] {
        (0..<count).map { Double(($0 * 7919 + seed * 104_729 + 13) % 2039 - 1019) / 1024 }
    }

    static func tensor(_ shape: [Int], seed: Int) throws -> Tensor {
        let shape = try Shape(shape)
        return try Tensor(shape: shape, values: values(shape.count, seed: seed).map(Float.init))
    }

    /// Largest difference; infinite where the counts differ.
    static func distance<Value: BinaryFloatingPoint>(_ values: [Value], _ expected: [Double]) -> Double {
        guard values.count == expected.count else { return .infinity }
        return zip(values, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
    }
}
