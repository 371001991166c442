import Networks
import Tensors
import Testing

/// What shapes decide, and what they must not be made to do.
@Suite struct SpecializationTests {
    /// A shape read from the tensor, taken apart, computed with and put together again, as PyTorch's exporter does it.
    @Test func shapeArithmeticIsComputedBeforehand() throws {
        var writer = GraphWriter()
        let x = writer.input([nil, 6, nil, nil])
        let shape = writer.node(.shapeArithmetic(.extents(first: 0, end: nil)), [x])
        func extent(_ writer: inout GraphWriter, _ index: Int) throws -> ValueID {
            writer.node(.gather(axis: 0), [shape, try writer.integers([index])])
        }
        let product = writer.node(
            .arithmetic(.multiply), [try extent(&writer, 2), try extent(&writer, 3)])
        let target = writer.node(
            .concatenation(axis: 0), [try extent(&writer, 0), try writer.integers([3, 2]), product])
        let y = writer.node(.reshape, [x, target])
        let known = try writer.finished(y).specialized(for: [x: try Shape([2, 6, 4, 5])])
        #expect(known.shapes[y]?.dimensions == [2, 3, 2, 20])
        #expect(known.constants[target]?.integers == [2, 3, 2, 20])
        #expect(known.constants[y] == nil)
    }

    @Test func integersThatOverflowAreRefused() throws {
        for (kind, a, b) in [
            (Arithmetic.multiply, Int.max, 2), (.add, .max, 1), (.subtract, .min, 1), (.divide, 1, 0),
            (.divide, .min, -1), (.remainder, 5, 0), (.power, 10, 400),
        ] {
            var writer = GraphWriter()
            let y = writer.node(.arithmetic(kind), [try writer.integers([a]), try writer.integers([b])])
            #expect(throws: NetworkError.self) { try writer.finished(y).specialized(for: [:]) }
        }
    }

    @Test func constantsBeyondAllBoundsAreRefused() throws {
        var writer = GraphWriter()
        var y = writer.node(.shapeArithmetic(.filled(.float(1))), [try writer.integers([30_000, 30_000])])
        #expect(throws: NetworkError.self) { try writer.finished(y).specialized(for: [:]) }
        writer = GraphWriter()
        y = writer.node(.shapeArithmetic(.filled(.integer(1))), [try writer.integers([1 << 62, 1 << 62])])
        #expect(throws: NetworkError.self) { try writer.finished(y).specialized(for: [:]) }
        writer = GraphWriter()
        let ends = [0, Int.max, 1].map { writer.constant(.integers(shape: .scalar, values: [$0])) }
        y = writer.node(.shapeArithmetic(.range), ends)
        #expect(throws: NetworkError.self) { try writer.finished(y).specialized(for: [:]) }
    }

    /// Parameters that do not fit: each an error that names the node, none a trap.
    @Test func parametersThatDoNotFitAreRefused() throws {
        let huge = Int.max
        let cases: [(Operator, [[Int]])] = [
            (.reshape, [[-1, -1]]), (.reshape, [[7, -1]]), (.reshape, [[-5]]), (.reshape, [[0, 0, 0, 0]]),
            (.reshape, [[huge, huge]]), (.squeeze(axes: [1]), []), (.squeeze(axes: [9]), []),
            (.unsqueeze(axes: [-9]), []), (.unsqueeze(axes: [1, 1]), []), (.transpose(order: [0, 1]), []),
            (.transpose(order: [0, 0, 1]), []), (.concatenation(axis: 3), []),
            (.slice(axes: [0, 0]), [[0, 0], [1, 1]]), (.slice(axes: [0]), [[0], [1], [0]]),
            (.slice(axes: [5]), [[0], [1]]), (.slice(axes: nil), [[0], [1, 2]]),
            (.slice(axes: nil), [[0], [1], [.min]]),
            (.part(Part(axis: 1, pieces: .lengths([huge, 2]), index: 0)), []),
            (.part(Part(axis: 1, pieces: .lengths([1, 1]), index: 0)), []),
            (.part(Part(axis: 1, pieces: .count(0), index: 0)), []),
            (.padding(Padding(mode: .constant, axes: nil)), [[1, 2]]),
            (.padding(Padding(mode: .constant, axes: nil)), [[huge, 0, 0, huge, 0, 0]]),
            (.padding(Padding(mode: .constant, axes: nil)), [[-2, -3, 0, 0, -3, 0]]),
            (.padding(Padding(mode: .reflect, axes: [1])), [[3, 0]]),
            (.expansion, [[5]]), (.expansion, [[huge, 1, 1, 1]]), (.tiling, [[2]]), (.tiling, [[huge, huge, huge]]),
            (.tiling, [[-1, 1, 1]]), (.gather(axis: 0), [[2]]), (.gather(axis: 0), [[.min]]),
            (.gather(axis: 7), [[0]]),
            (.resize(Resize(mode: .linear, coordinates: .halfPixel)), [[], [0, 1, 1]]),
            (.resize(Resize(mode: .linear, coordinates: .halfPixel)), [[], [1, huge, huge]]),
            (.reduction(Reduction(kind: .sum, axes: [0, -3], keepsAxes: true)), []),
            (.depthToSpace(DepthToSpace(block: 1 << 31, countsBlocksLast: true)), []), (.spaceToDepth(block: 0), []),
            (.softmax(Softmax(axis: 3, isLogarithmic: false, flattensTail: true)), []),
            (.normalization(Normalization(kind: .group(count: 0), epsilon: 0)), []),
            (.flatten(axis: .min + 1), []), (.matrixProduct, []),
            (
                .maximumUnpooling(
                    Window(kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: .same(oddAtEnd: true))),
                [[1]]
            ),
        ]
        for (operation, integers) in cases {
            var writer = GraphWriter()
            let x = writer.input([2, 3, nil])
            var inputs: [ValueID?] = [x]
            for values in integers { inputs.append(values.isEmpty ? nil : try writer.integers(values)) }
            let y = writer.node(operation, inputs)
            #expect(throws: NetworkError.self, "\(operation) \(integers)") {
                try writer.finished(y).specialized(for: [x: try Shape([2, 3, 4])])
            }
        }
    }

    @Test func inputsThatDoNotFitTheNetworkAreRefused() throws {
        var writer = GraphWriter()
        let x = writer.input([nil, 3, nil, nil])
        let y = try writer.convolution(x, channels: 3, to: 2, kernel: 5)
        let graph = writer.finished(y)
        #expect(throws: NetworkError.self) { try graph.shapes(for: [:]) }
        for extents in [[1, 4, 8, 8], [1, 3, 8], [1, 3, 0, 8], [1, 3, 4, 8]] {
            #expect(throws: NetworkError.self) { try graph.shapes(for: [x: try Shape(extents)]) }
        }
    }
}
