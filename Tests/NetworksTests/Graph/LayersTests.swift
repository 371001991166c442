import Networks
import Tensors
import Testing

@Suite struct LayersTests {
    /// By hand: 3×3 with stride 2 sees 3 pixels, 2×2 pooling behind it 5, another 3×3 13.
    @Test func receptiveFieldsGrowThroughConvolutionsAndPoolings() throws {
        var writer = GraphWriter()
        let x = writer.input([nil, 3, nil, nil])
        let a = try writer.convolution(x, channels: 3, to: 4, stride: 2, padding: 1, "a")
        let relu = writer.node(.activation(.relu), [a], "relu")
        let window = Window(
            kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: .explicit(begin: [0, 0], end: [0, 0]))
        let pooled = writer.node(.pooling(Pooling(kind: .maximum, window: window)), [relu], "pooled")
        let b = try writer.convolution(pooled, channels: 4, to: 4, padding: 1, "b")
        let sum = writer.node(.arithmetic(.add), [b, pooled], "sum")
        let mean = writer.node(.globalPooling(.average), [sum], "mean")
        let graph = writer.finished(mean)

        let layers = try graph.layers(for: [x: try Shape([1, 3, 32, 48])])
        #expect(layers.map(\.name) == ["a", "relu", "pooled", "b", "sum", "mean"])
        #expect(layers[0].receptiveField == .window(size: [3, 3], stride: [2, 2], offset: [-1, -1]))
        #expect(layers[1].receptiveField == layers[0].receptiveField)
        #expect(layers[2].receptiveField == .window(size: [5, 5], stride: [4, 4], offset: [-1, -1]))
        #expect(layers[3].receptiveField == .window(size: [13, 13], stride: [4, 4], offset: [-5, -5]))
        #expect(layers[4].receptiveField == layers[3].receptiveField)
        #expect(layers[5].receptiveField == .everything)
        #expect(layers[3].shape.dimensions == [1, 4, 8, 12])
        #expect(layers[2].operatorName == "max pooling")
    }

    @Test func branchesOfDifferentStridesHaveNoRegularWindow() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 3, 8, 8])
        let small = try writer.convolution(x, channels: 3, to: 3, kernel: 1, stride: 2)
        let large = writer.node(
            .resize(Resize(mode: .nearest(.floor), coordinates: .asymmetric)),
            [small, nil, try writer.integers([1, 3, 8, 8])])
        let sum = writer.node(.arithmetic(.add), [x, large])
        let layers = try writer.finished(sum).layers(for: [x: try Shape([1, 3, 8, 8])])
        #expect(layers.map { $0.receptiveField == nil } == [false, true, true])
    }

    @Test func stridesThatMultiplyBeyondAllBoundsDoNotTrap() throws {
        var writer = GraphWriter()
        var x = writer.input([1, 1, 1, 1])
        let input = x
        for _ in 0..<6 { x = try writer.convolution(x, channels: 1, to: 1, kernel: 1, stride: 1 << 24) }
        let layers = try writer.finished(x).layers(for: [input: try Shape([1, 1, 1, 1])])
        #expect(layers.last?.receptiveField == nil)
    }
}
