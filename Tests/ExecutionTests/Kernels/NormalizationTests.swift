import Execution
import Networks
import Tensors
import Testing

/// Rows of any length are normalized as the formula says, also far from 0.
@Suite struct NormalizationTests {
    @Test(arguments: 0..<60)
    func rowsHaveMeanAndVarianceOfTheirScaleAndShift(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 11)
        let (channels, groups) = [(4, 2), (6, 3), (33, 1), (64, 4)][generator.below(4)]
        let extents = [1 + generator.below(2), channels, 1 + generator.below(9), 1 + generator.below(40)]
        let kind = [Normalization.Kind.instance, .group(count: groups), .layer(axis: -1), .layer(axis: 1)][seed % 4]
        let (parameters, row, inner): ([Int], Int, Int) =
            switch kind {
            case .instance: ([channels], extents[2] * extents[3], extents[2] * extents[3])
            case .group(let count): ([channels], channels / count * extents[2] * extents[3], extents[2] * extents[3])
            case .layer(let axis):
                (
                    Array(extents[(axis < 0 ? 4 + axis : axis)...]),
                    extents[(axis < 0 ? 4 + axis : axis)...].reduce(1, *), 1
                )
            }
        var graph = Graph()
        let x = graph.intern("x")
        graph.inputs = [Graph.Input(value: x, extents: extents.map(Optional.some))]
        var inputs: [ValueID?] = [x]
        let (scale, shift) = (try generator.tensor(parameters), try generator.tensor(parameters))
        let isScaled = generator.chance(70)
        if isScaled {
            for (name, tensor) in [("scale", scale), ("shift", shift)] {
                let value = graph.intern(name)
                graph.constants[value] = .floats(tensor)
                inputs.append(value)
            }
        }
        let y = graph.intern("y")
        graph.nodes = [
            Node(
                name: "normalize", operation: .normalization(Normalization(kind: kind, epsilon: 0.001)), inputs: inputs,
                outputs: [y])
        ]
        graph.outputs = [y]
        let offset: Float = generator.chance(50) ? 30 : 0
        let noise = try generator.tensor(extents)
        let input = try Tensor(shape: noise.shape, values: noise.values.map { $0 + offset })
        let found = try await InferenceSession(graph: graph, threads: 1).perform { try $0.forward([input]).output() }

        for start in stride(from: 0, to: input.count, by: row) {
            let values = (start..<start + row).map { Double(input[$0]) }
            let mean = values.reduce(0, +) / Double(row)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row)
            for (index, value) in values.enumerated() {
                let parameter = (start + index) / inner % scale.count
                var expected = (value - mean) / (variance + 0.001).squareRoot()
                if isScaled { expected = expected * Double(scale[parameter]) + Double(shift[parameter]) }
                // A mean of 30 is known to a few millionths.
                #expect(
                    abs(Double(found[start + index]) - expected) < (offset == 0 ? 2e-5 : 5e-4), "\(kind) \(extents)")
            }
        }
    }
}
