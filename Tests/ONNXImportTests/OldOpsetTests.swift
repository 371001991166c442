import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

/// What operators were up to opset 6, where it differs from what they are now.
@Suite struct OldOpsetTests {
    private static let matrices = [
        Message.floats("a", [2, 2, 3], (0..<12).map(Float.init)), .floats("b", [2], [100, 200]),
        .floats("c", [2, 3], (0..<6).map { 10 * Float($0) }),
    ]

    @Test func theSecondOperandLiesAtItsAxis() throws {
        func sum(_ other: String, _ attributes: [String: Message.Attribute]) throws -> [Float] {
            try storedNumbers([.node("Add", ["a", other], ["y"], attributes)], Self.matrices, opset: 6)
        }
        let first = try sum("b", ["broadcast": .integer(1), "axis": .integer(0)])
        #expect(first == [100, 101, 102, 103, 104, 105, 206, 207, 208, 209, 210, 211])
        let middle = try sum("b", ["broadcast": .integer(1), "axis": .integer(1)])
        #expect(middle == [100, 101, 102, 203, 204, 205, 106, 107, 108, 209, 210, 211])
        // Without an axis it is the last ones, as NumPy has it.
        let last = [0, 11, 22, 33, 44, 55, 6, 17, 28, 39, 50, 61] as [Float]
        #expect(try sum("c", ["broadcast": .integer(1)]) == last)
        #expect(try sum("c", ["broadcast": .integer(1), "axis": .integer(-2)]) == last)
    }

    @Test func comparisonsAndPowersHaveAnAxisToo() throws {
        let attributes: [String: Message.Attribute] = ["broadcast": .integer(1), "axis": .integer(0)]
        let values = [Message.floats("a", [2, 2], [1, 2, 3, 4]), .floats("b", [2], [2, 3])]
        #expect(try storedNumbers([.node("Pow", ["a", "b"], ["y"], attributes)], values, opset: 6) == [1, 4, 27, 64])
        #expect(
            try storedNumbers([.node("Greater", ["a", "b"], ["y"], attributes)], values, opset: 6) == [0, 0, 0, 1])
        #expect(
            try storedNumbers([.node("Div", ["a", "b"], ["y"], attributes)], values, opset: 6) == [0.5, 1, 1, 4 / 3])
    }

    @Test func aSlopePerChannelIsOnePerChannel() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph([.node("PRelu", ["x", "slope"], ["y"])], initializers: [.floats("slope", [3], [1, 2, 3])]),
                opset: 6))
        let node = try #require(graph.nodes.first { $0.operation == .arithmetic(.parametricRelu) })
        let slope = try #require(node.input(1))
        let shapes = try graph.shapes(for: [graph.inputs[0].value: try shape([1, 3, 8, 8])])
        #expect(shapes[slope]?.dimensions == [3, 1, 1])
        #expect(shapes[graph.outputs[0]]?.dimensions == [1, 3, 8, 8])
    }

    @Test func attributesThatBecameInputs() throws {
        let values = [Message.floats("a", [2, 3], [1, 2, 3, 4, 5, 6])]
        let reshaped = try stored(
            [.node("Reshape", ["a"], ["y"], ["shape": .integers([3, -1])])], values, opset: 1)
        #expect(reshaped[0].shape.dimensions == [3, 2])
        let padded = try stored(
            [.node("Pad", ["a"], ["y"], ["paddings": .integers([0, 1, 0, 0]), "value": .float(9)])], values, opset: 1)
        #expect(padded[0].tensor?.values == [9, 1, 2, 3, 9, 4, 5, 6])
        let cast = try stored([.node("Cast", ["a"], ["y"], ["to": .text("INT32")])], values, opset: 5)
        #expect(cast[0].integers == [1, 2, 3, 4, 5, 6])
        let joined = try stored([.node("Concat", ["a", "a"], ["y"])], values, opset: 3)
        #expect(joined[0].shape.dimensions == [2, 6])
        let tiled = try storedNumbers(
            [.node("Tile", ["a", "count", "axis"], ["y"])],
            values + [.floats("count", [1], [2]), .floats("axis", [1], [1])], opset: 5)
        #expect(tiled == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    }

    @Test func experimentsOfTheFirstOpset() throws {
        let values = [Message.floats("a", [1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])]
        func numbers(_ operation: String, _ attributes: [String: Message.Attribute]) throws -> [Float] {
            try storedNumbers([.node(operation, ["a"], ["y"], attributes)], values, opset: 1)
        }
        #expect(
            try numbers("ImageScaler", ["scale": .float(2), "bias": .floats([1, -1])]) == [3, 5, 7, 9, 9, 11, 13, 15])
        #expect(try numbers("Affine", ["alpha": .float(2), "beta": .float(1)]) == [3, 5, 7, 9, 11, 13, 15, 17])
        #expect(try numbers("Scale", ["scale": .float(3)]) == [3, 6, 9, 12, 15, 18, 21, 24])
        let tanh = try numbers("ScaledTanh", ["alpha": .float(2), "beta": .float(0.5)])
        #expect(abs(tanh[1] - 2 * Foundation.tanh(1)) < 1e-6)
        #expect(try numbers("Crop", ["border": .integers([1, 0, 0, 1])]) == [2, 6])
        #expect(
            try numbers("Crop", ["border": .integers([0, 1, 0, 0]), "scale": .integers([1, 2])]) == [3, 4, 7, 8])
    }

    @Test func normalizationOfTrainingIsRefusedAndThatOfEachPlaceIsRead() throws {
        func model(_ outputs: [String], _ attributes: [String: Message.Attribute], _ extents: [Int64]) -> Data {
            let names = ["scale", "shift", "mean", "variance"]
            return Message.model(
                .graph(
                    [.node("BatchNormalization", ["x"] + names, outputs, attributes)],
                    initializers: names.map {
                        .floats($0, extents, Array(repeating: 1, count: Int(extents.reduce(1, *))))
                    }
                ), opset: 6)
        }
        let statistics = ["y", "m", "v"]
        #expect(throws: ONNXError.self) { try ONNXModel.load(model(statistics, [:], [3])) }
        #expect(try ONNXModel.load(model(statistics, ["is_test": .integer(1)], [3])).nodes.count == 1)
        #expect(try ONNXModel.load(model(["y"], [:], [3])).nodes.count == 1)
        let places = try ONNXModel.load(model(["y"], ["spatial": .integer(0)], [3, 8, 8]))
        #expect(places.nodes.map(\.operation.name) == ["subtract", "multiply", "add"])
    }

    /// Networks that normalize their weights (StdConv2d of timm) are exported with this operator on stored values.
    @Test func storedValuesAreNormalizedAtLoad() throws {
        let values = [
            Message.floats("w", [1, 2, 4], [1, 2, 3, 4, 2, 2, 6, 6]), .floats("scale", [2], [1, 3]),
            .floats("shift", [2], [0, 1]), .floats("mean", [2], [2, 4]), .floats("variance", [2], [1, 4]),
        ]
        func numbers(_ attributes: [String: Message.Attribute]) throws -> [Float] {
            try storedNumbers(
                [
                    .node(
                        "BatchNormalization", ["w", "scale", "shift", "mean", "variance"], ["y"],
                        attributes.merging(["epsilon": .float(0)]) { given, _ in given })
                ], values, opset: 17)
        }
        #expect(try numbers([:]) == [-1, 0, 1, 2, -2, -2, 4, 4])
        let own = try numbers(["training_mode": .integer(1)])
        let expected: [Float] = [-1.3416408, -0.4472136, 0.4472136, 1.3416408, -2, -2, 4, 4]
        #expect(zip(own, expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(own)")
    }

    /// Files of IR versions before 3 name no opset.
    @Test func aFileWithoutAnOpsetIsOfTheFirst() throws {
        func model(version: Int64) -> Data {
            Message.build { model in
                model.add(1, integer: version)
                model.add(7, Message.graph([.node("Relu", ["x"], ["y"])]))
            }.bytes
        }
        #expect(try ONNXModel.load(model(version: 2)).nodes.count == 1)
        #expect(throws: ONNXError.self) { try ONNXModel.load(model(version: 3)) }
    }
}
