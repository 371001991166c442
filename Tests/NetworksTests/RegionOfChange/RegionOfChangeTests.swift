import Networks
import Tensors
import Testing

/// How far a change is followed.
@Suite struct RegionOfChangeTests {
    /// So many 3×3 convolutions of one channel, one behind the other, on a square image.
    private static func region(side: Int, convolutions: Int) throws -> RegionOfChange {
        var graph = Graph()
        var x = graph.intern("x")
        graph.inputs = [Graph.Input(value: x, extents: [1, 1, side, side])]
        let weights = graph.intern("weights")
        graph.constants[weights] = .floats(Tensor(shape: try Shape([1, 1, 3, 3]), repeating: 1))
        let window = Window(
            kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: [1, 1], end: [1, 1]))
        for index in 0..<convolutions {
            let y = graph.intern("y\(index)")
            graph.nodes.append(
                Node(
                    name: "\(index)", operation: .convolution(Convolution(window: window, groups: 1)),
                    inputs: [x, weights], outputs: [y]))
            x = y
        }
        graph.outputs = [x]
        return try RegionOfChange(graph: graph, imageShape: try Shape([1, 1, side, side]), target: x)
    }

    @Test func aCapKeepsWhatIsNearestToTheWindow() throws {
        // Twelve convolutions carry every change to all of 12 positions.
        let region = try Self.region(side: 12, convolutions: 12)
        let windows = [0..<2, 3..<5, 5..<7, 10..<12]
        let whole = try #require(region.ranges(axis: 0, changed: windows)[region.target])
        #expect(whole.allSatisfy { $0 == 0..<12 })
        let capped = try #require(region.ranges(axis: 0, changed: windows, cap: 0.5)[region.target])
        #expect(capped == [0..<6, 1..<7, 3..<9, 6..<12])
    }

    @Test func whatTheCapDoesNotReachIsWhatItWas() throws {
        let region = try Self.region(side: 40, convolutions: 4)
        let windows = (0..<10).map { 4 * $0..<4 * $0 + 4 }
        #expect(region.ranges(axis: 1, changed: windows, cap: 0.3) == region.ranges(axis: 1, changed: windows))
    }

    @Test func fivePositionsAreAlwaysKept() throws {
        let region = try Self.region(side: 12, convolutions: 12)
        let capped = try #require(region.ranges(axis: 0, changed: [6..<7], cap: 0.05)[region.target])
        #expect(capped == [4..<9])
    }

    /// A stride halves where the middle lies, and a window cut off at the image's edge is not followed beyond it.
    @Test func theMiddleIsThatOfTheWindow() throws {
        var graph = try Self.region(side: 32, convolutions: 1).graph
        let pooled = graph.intern("pooled")
        graph.nodes.append(
            Node(
                name: "pool",
                operation: .pooling(
                    Pooling(
                        kind: .maximum,
                        window: Window(
                            kernel: [2, 2], stride: [2, 2], dilation: [1, 1],
                            padding: .explicit(begin: [0, 0], end: [0, 0])))),
                inputs: [graph.outputs[0]], outputs: [pooled]))
        graph.outputs = [pooled]
        let region = try RegionOfChange(graph: graph, imageShape: try Shape([1, 1, 32, 32]), target: pooled)
        // Rows 8 to 23 reach rows 7 to 24, which are pooled to 3 to 12.
        #expect(region.ranges(axis: 0, changed: [8..<24])[pooled] == [3..<13])
        #expect(region.ranges(axis: 0, changed: [8..<24], cap: 0.5)[pooled] == [4..<12])
    }
}
