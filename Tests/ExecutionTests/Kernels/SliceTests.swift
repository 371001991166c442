import Execution
import Networks
import Tensors
import Testing

/// Slices of every kind against a copy value by value: oneDNN copies some strided views and has no kernel for others.
@Suite struct SliceTests {
    /// A slice of a small tensor, drawn by its number.
    struct Drawn {
        var extents: [Int] = []
        var first: [Int] = []
        var step: [Int] = []
        var count: [Int] = []

        init(_ seed: Int) {
            var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1
            func draw(_ range: ClosedRange<Int>) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return range.lowerBound + Int(state >> 33) % range.count
            }
            for _ in 0..<draw(1...5) {
                let extent = draw(1...9)
                let from = draw(0...extent - 1)
                let step = [1, 1, 2, 3, 5, -1, -2][draw(0...6)]
                let available = step > 0 ? (extent - 1 - from) / step + 1 : from / -step + 1
                extents.append(extent)
                first.append(from)
                self.step.append(step)
                count.append(draw(0...2) == 0 ? draw(1...available) : available)
            }
        }

        /// The offset of every value, in the result's order.
        var offsets: [Int] {
            extents.indices.reduce([0]) { offsets, axis in
                offsets.flatMap { offset in
                    (0..<count[axis]).map { offset * extents[axis] + first[axis] + $0 * step[axis] }
                }
            }
        }

        /// One position behind the last in the direction of the step; one before the first value stands for the edge.
        var end: [Int] {
            extents.indices.map { axis in
                let last = first[axis] + (count[axis] - 1) * step[axis]
                return step[axis] > 0 ? last + 1 : last == 0 ? .min : last - 1
            }
        }
    }

    /// Every second row of an odd plane, for which oneDNN 2.6 has no kernel.
    @Test func everySecondRowOfAnOddPlaneIsCopied() async throws {
        let operatorCase = OperatorCase(
            "slice", .slice(axes: [2]), [[1, 4, 7, 8]],
            constants: [OperatorCase.integers([0]), OperatorCase.integers([.max]), OperatorCase.integers([2])])
        let (graph, _) = try operatorCase.graph()
        let x = try operatorCase.tensors()[0]
        let y = try await InferenceSession(graph: graph, threads: 1).perform { try $0.forward([x]).output() }
        let rows = [0, 2, 4, 6, 7, 9, 11, 13, 14, 16, 18, 20, 21, 23, 25, 27]
        #expect(y.values == rows.flatMap { row in (0..<8).map { x[row * 8 + $0] } })
    }

    @Test(arguments: 0..<400) func aSliceIsACopyOfItsValues(_ seed: Int) async throws {
        let drawn = Drawn(seed)
        let operatorCase = OperatorCase(
            "slice", .slice(axes: nil), [drawn.extents],
            constants: [
                OperatorCase.integers(drawn.first), OperatorCase.integers(drawn.end), OperatorCase.integers(drawn.step),
            ])
        let (graph, result) = try operatorCase.graph()
        let x = try operatorCase.tensors()[0]
        let offsets = drawn.offsets
        let session = try InferenceSession(graph: graph, threads: 1)
        let (y, signal) = try await session.perform { evaluator in
            let derivative = Derivative(of: result, withRespectTo: [graph.inputs[0].value])
            let pass = try evaluator.forward([x], derivatives: [derivative])
            let seed = try Tensor(shape: Shape(drawn.count), values: offsets.indices.map { Float($0 + 1) })
            return (try pass.output(), try pass.derivative(seed: seed)[0])
        }
        #expect(y.values == offsets.map { x[$0] })
        var expected = [Float](repeating: 0, count: x.count)
        for (index, offset) in offsets.enumerated() { expected[offset] = Float(index + 1) }
        #expect(try #require(signal).values == expected)
    }
}
