import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

func shape(_ extents: [Int]) throws -> Shape { try Shape(extents) }

@Suite struct ImportTests {
    @Test func whatIsNotSupportedIsNamed() throws {
        let custom = Message.graph([.node("Fancy", ["x"], ["y"], domain: "com.example")])
        let error = try #require(throws: ONNXError.self) { try ONNXModel.load(Message.model(custom)) }
        #expect(error.description == "node 'Fancy-node': operator com.example.Fancy is not supported")
        let training = Message.graph(
            [.node("BatchNormalization", ["x", "w", "w", "w", "w"], ["y"], ["training_mode": .integer(1)])],
            initializers: [.floats("w", [3])])
        let second = try #require(throws: ONNXError.self) { try ONNXModel.load(Message.model(training)) }
        #expect(
            second.description
                == "node 'BatchNormalization-node': operator BatchNormalization of opset 17 with training_mode = 1 is not "
                + "supported")
        #expect(throws: ONNXError.self) {
            try ONNXModel.load(Message.model(.graph([.node("Relu", ["x"], ["y"])]), opset: 0))
        }
        #expect(throws: ONNXError.self) {
            try ONNXModel.load(Message.model(.graph([.node("Relu", ["x"], ["y"])]), opset: 25))
        }
    }

    /// Import makes a constant of its own for a product without a bias, which PyTorch's names would be the names of.
    @Test func aFileMayCallItsConstantsAsImportDoes() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [.node("Gemm", ["x", "y.weight", "y.bias"], ["y"])],
                    initializers: [.floats("y.weight", [3, 4]), .floats("y.bias", [4])],
                    inputs: [.value("x", [1, 3])])))
        #expect(graph.nodes.map(\.operation.name) == ["fully connected"])
    }

    @Test func whatNumbersStandForFollowsFromTheOperators() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [
                        .node("Cast", ["x"], ["whole"], ["to": .integer(7)]),
                        .node("Div", ["whole", "whole"], ["quotient"]), .node("Less", ["x", "x"], ["flags"]),
                        .node("Where", ["flags", "quotient", "whole"], ["chosen"]),
                        .node("Where", ["flags", "x", "x"], ["numbers"]), .node("Shape", ["x"], ["shape"]),
                    ], outputs: ["quotient", "flags", "chosen", "numbers", "shape"])))
        #expect(graph.outputs.map(graph.element) == [.integer, .flag, .integer, .float, .integer])
        #expect(graph.nodes.map(\.operation).contains(.arithmetic(.truncatedQuotient)))
    }

    /// Weights in pieces, as converters leave them: transposed, cut and added to before they are used.
    @Test func whatDependsOnConstantsAloneBecomesAConstant() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [
                        .node("Transpose", ["stored"], ["turned"], ["perm": .integers([3, 2, 0, 1])]),
                        .node("Slice", ["turned", "first", "last"], ["half"]),
                        .node("Add", ["half", "half"], ["weights"]), .node("Conv", ["x", "weights"], ["y"]),
                    ],
                    initializers: [.floats("stored", [3, 3, 3, 4]), .integers("first", [0]), .integers("last", [2])])))
        #expect(graph.nodes.map(\.operation.name) == ["convolution"])
        let weights = try #require(graph.nodes[0].input(1))
        #expect(graph.constants[weights]?.shape.dimensions == [2, 3, 3, 3])
    }

    @Test func aBranchIsTakenWhereTheShapesDecide() throws {
        let squeezed = Message.graph([.node("Flatten", ["x"], ["t"])], inputs: [], outputs: ["t"])
        let other = Message.graph([.node("Relu", ["x"], ["e"])], inputs: [], outputs: ["e"])
        func model(_ inputs: [Message]) -> Data {
            Message.model(
                .graph(
                    [
                        .node("Shape", ["x"], ["s"]), .node("Gather", ["s", "one"], ["c"]),
                        .node("Equal", ["c", "three"], ["flag"]),
                        .node("If", ["flag"], ["y"], ["then_branch": .graph(squeezed), "else_branch": .graph(other)]),
                    ], initializers: [.integers("one", [1]), .integers("three", [3])], inputs: inputs))
        }
        #expect(try ONNXModel.load(model([.value("x", [1, 3, 8, 8])])).nodes.map(\.operation.name) == ["flatten"])
        #expect(try ONNXModel.load(model([.value("x", [1, 4, 8, 8])])).nodes.map(\.operation.name) == ["ReLU"])
        // An extent that is free decides nothing yet.
        #expect(throws: ONNXError.self) { try ONNXModel.load(model([.value("x", [1, 0, 8, 8])])) }
    }

    /// float16, bfloat16, double: all is single precision, and what passes back through it is not rounded either.
    @Test(arguments: [10, 16, 11] as [Int64]) func castsBetweenKindsOfNumbersRoundNothing(type: Int64) throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph([
                    .node("Cast", ["x"], ["narrow"], ["to": .integer(type)]),
                    .node("Cast", ["narrow"], ["wide"], ["to": .integer(1)]), .node("Relu", ["wide"], ["y"]),
                ])))
        #expect(graph.nodes.dropLast().allSatisfy { $0.operation == .shapeArithmetic(.cast(.float)) })
        #expect(graph.nodes.last?.operation.name == "ReLU")
    }

    /// Whoever reads them counts through the whole tensor; a pooling whose positions nobody reads has no more nodes.
    @Test func positionsOfMaximaAreGivenOut() throws {
        let pool = Message.node("MaxPool", ["x"], ["y", "positions"], ["kernel_shape": .integers([2, 2])])
        let values = try ONNXModel.load(Message.model(.graph([pool])))
        #expect(values.nodes.map(\.operation.name) == ["max pooling"])
        let both = try ONNXModel.load(Message.model(.graph([pool], outputs: ["y", "positions"])))
        #expect(both.outputs.map(both.element) == [.float, .integer])
    }

    /// Weights that are all alike are as good as any; more than a gigabyte of them is refused before it is made.
    @Test func weightsMayBeFilledWithinBounds() throws {
        func model(_ extents: [Int64]) -> Data {
            Message.model(
                .graph(
                    [
                        .node("ConstantOfShape", ["shape"], ["w"]),
                        .node("Gemm", ["x", "w"], ["y"], ["transB": .integer(1)]),
                    ],
                    initializers: [.integers("shape", extents)], inputs: [.value("x", [1, 9000])]))
        }
        let graph = try ONNXModel.load(model([2000, 9000]))
        #expect(graph.nodes.map(\.operation.name) == ["fully connected"])
        let error = try #require(throws: ONNXError.self) { try ONNXModel.load(model([32000, 9000])) }
        #expect(error.description.contains("MiB"))
    }

    @Test func whatIsRefusedSaysWhy() throws {
        let graph = Message.graph([.node("Unique", ["x"], ["y"])])
        let error = try #require(throws: ONNXError.self) { try ONNXModel.load(Message.model(graph)) }
        #expect(error.description.contains("'Unique-node'"))
        #expect(error.description.contains("how many"))
    }

    @Test func severalInputsAndOutputsKeepTheirOrderAndNames() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [.node("Add", ["a", "b"], ["sum"]), .node("Sub", ["a", "b"], ["difference"])],
                    inputs: [.value("b", [2]), .value("a", [2])], outputs: ["sum", "difference"])))
        #expect(graph.inputs.map { graph.name(of: $0.value) } == ["b", "a"])
        #expect(graph.outputs.map(graph.name(of:)) == ["sum", "difference"])
    }

    /// Opset 18 has one scale and shift per group, opset 21 one per channel.
    @Test func outputsThatOnlyTrainingReadsAreRefusedByName() {
        let norm = Message.node("LayerNormalization", ["x", "scale"], ["y", "mean"])
        let scale = [Message.floats("scale", [4])]
        for (nodes, output) in [([norm], "mean"), ([norm, .node("Relu", ["mean"], ["z"])], "z")] {
            let error = #expect(throws: ONNXError.self) {
                try ONNXModel.load(
                    Message.model(
                        .graph(
                            nodes, initializers: scale, inputs: [.value("x", [2, 4])], outputs: [output]),
                        opset: 17))
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("its output 1 ('mean') in use is not supported"))
        }
    }

    @Test func groupNormalizationTakesItsParametersAsTheOpsetSays() throws {
        for (opset, count) in [(18, 3), (21, 6)] as [(Int64, Int64)] {
            let node = Message.node("GroupNormalization", ["x", "scale", "shift"], ["y"], ["num_groups": .integer(3)])
            let graph = try ONNXModel.load(
                Message.model(
                    .graph(
                        [node], initializers: [.floats("scale", [count]), .floats("shift", [count])],
                        inputs: [.value("x", [2, 6, 4, 5])]), opset: opset))
            let shapes = try graph.shapes(for: [graph.inputs[0].value: try shape([2, 6, 4, 5])])
            #expect(shapes[graph.outputs[0]]?.dimensions == [2, 6, 4, 5])
        }
    }
}
