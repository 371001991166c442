import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

/// Functions, branches, loops and lists become part of the one graph, or are refused in words.
@Suite struct InliningTests {
    private func refusal(_ graph: Message, functions: [Message] = [], opset: Int64 = 17) throws -> String {
        try #require(throws: ONNXError.self) {
            try ONNXModel.load(Message.model(graph, opset: opset, functions: functions))
        }.description
    }

    // MARK: Functions

    @Test func attributesAreHandedOnThroughNestedFunctions() throws {
        let inner = Message.function(
            "leaky", ["v"], ["w"], [.node("LeakyRelu", ["v"], ["w"], ["alpha": .reference("by")])])
        let outer = Message.function(
            "block", ["v"], ["w"],
            [
                .node("leaky", ["v"], ["t"], ["by": .reference("slope")], domain: "own"),
                .node("LeakyRelu", ["t"], ["w"], ["alpha": .reference("missing")]),
            ])
        let graph = try ONNXModel.load(
            Message.model(
                .graph([.node("block", ["x"], ["y"], ["slope": .float(0.25)], domain: "own")]),
                functions: [inner, outer]))
        #expect(
            graph.nodes.map(\.operation) == [
                .activation(.leakyRelu(slope: 0.25)), .activation(.leakyRelu(slope: 0.01)),
            ])
    }

    /// The function's own value is called as the caller's, twice.
    @Test func namesInFunctionsHideNoneOutside() throws {
        let function = Message.function(
            "f", ["v"], ["w"], [.node("Exp", ["v"], ["t"]), .node("Mul", ["t", "v"], ["w"])])
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [
                        .node("Tanh", ["x"], ["t"]), .node("f", ["t"], ["w"], domain: "own"),
                        .node("f", ["w"], ["u"], domain: "own"), .node("Add", ["u", "t"], ["y"]),
                    ]), functions: [function]))
        #expect(graph.nodes.count == 6)
        let producers = graph.producers()
        let sum = try #require(graph.outputs.first.flatMap { producers[$0] })
        #expect(sum.inputs.compactMap { $0 }.map { producers[$0]?.operation.name } == ["multiply", "tanh"])
    }

    @Test func aFunctionThatCallsItselfIsRefused() throws {
        let a = Message.function("a", ["v"], ["w"], [.node("b", ["v"], ["w"], domain: "own")])
        let b = Message.function("b", ["v"], ["w"], [.node("a", ["v"], ["w"], domain: "own")])
        #expect(
            try refusal(.graph([.node("a", ["x"], ["y"], domain: "own")]), functions: [a, b]).contains("calls itself"))
    }

    /// Each function calls the one before it twice: 2³⁰ nodes from a file of a few kilobytes.
    @Test func functionsThatGrowWithoutBoundAreRefused() throws {
        var functions = [Message.function("f0", ["v"], ["w"], [.node("Relu", ["v"], ["w"])])]
        for index in 1...30 {
            functions.append(
                Message.function(
                    "f\(index)", ["v"], ["w"],
                    [
                        .node("f\(index - 1)", ["v"], ["t"], domain: "own"),
                        .node("f\(index - 1)", ["t"], ["w"], domain: "own"),
                    ]))
        }
        let text = try refusal(.graph([.node("f30", ["x"], ["y"], domain: "own")]), functions: functions)
        #expect(text.contains("more nodes than a network may have"))
    }

    @Test func anInputThatAFunctionHandsOutIsThatInput() throws {
        let function = Message.function("same", ["v"], ["v"], [.node("Relu", ["v"], ["unused"])])
        let graph = try ONNXModel.load(
            Message.model(
                .graph([.node("same", ["x"], ["t"], domain: "own"), .node("Exp", ["t"], ["y"])]), functions: [function])
        )
        #expect(graph.nodes.map(\.operation) == [.activation(.exponential)])
    }

    // MARK: Loops and branches

    private static func loop(_ body: Message, _ count: [Int64]) -> Message {
        .graph(
            [.node("Squeeze", ["m"], ["rounds"]), .node("Loop", ["rounds", "", "x"], ["y"], ["body": .graph(body)])],
            initializers: [.integers("m", count)])
    }

    private static let doubling = Message.graph(
        [.node("Add", ["v", "v"], ["w"]), .node("Identity", ["c"], ["d"])],
        inputs: [value("i", []), value("c", []), value("v", [1, 3, 8, 8])], outputs: ["d", "w"])

    private static func value(_ name: String, _ extents: [Int64]) -> Message { .value(name, extents) }

    @Test func aLoopIsWrittenOut() throws {
        let graph = try ONNXModel.load(Message.model(Self.loop(Self.doubling, [5])))
        #expect(graph.nodes.map(\.operation) == Array(repeating: .arithmetic(.add), count: 5))
    }

    @Test func aLoopWithoutRoundsHandsOutWhatItBeginsWith() throws {
        let graph = try ONNXModel.load(Message.model(Self.loop(Self.doubling, [0])))
        #expect(graph.nodes.map(\.operation) == [.identity])
    }

    @Test func endlessLoopsAreRefused() throws {
        #expect(try refusal(Self.loop(Self.doubling, [.max])).contains("more nodes than a network may have"))
        let empty = Message.graph(
            [], inputs: [Self.value("i", []), Self.value("c", []), Self.value("v", [1, 3, 8, 8])], outputs: ["c", "v"])
        #expect(try refusal(Self.loop(empty, [.max])).contains("more nodes than a network may have"))
    }

    @Test func aLoopOfUnknownLengthSaysWhatToDo() throws {
        let graph = Message.graph([
            .node("ReduceMax", ["x"], ["most"], ["keepdims": .integer(0)]),
            .node("Cast", ["most"], ["rounds"], ["to": .integer(7)]),
            .node("Loop", ["rounds", "", "x"], ["y"], ["body": .graph(Self.doubling)]),
        ])
        #expect(try refusal(graph).contains("only running the network decides"))
    }

    @Test func branchesOfOneShapeAreBothComputedAndOthersRefused() throws {
        func network(_ otherwise: Message) -> Message {
            .graph(
                [
                    .node("ReduceMax", ["x"], ["most"], ["keepdims": .integer(0)]),
                    .node("Greater", ["most", "zero"], ["flag"]),
                    .node(
                        "If", ["flag"], ["y"],
                        [
                            "then_branch": .graph(.graph([.node("Relu", ["x"], ["r"])], inputs: [], outputs: ["r"])),
                            "else_branch": .graph(.graph([otherwise], inputs: [], outputs: ["r"])),
                        ]),
                ], initializers: [.floats("zero", [])])
        }
        let graph = try ONNXModel.load(Message.model(network(.node("Exp", ["x"], ["r"]))))
        #expect(graph.nodes.map(\.operation).contains(.shapeArithmetic(.selection)))
        let other = Message.node("ReduceMax", ["x"], ["r"], ["keepdims": .integer(1)])
        #expect(try refusal(network(other)).contains("different shapes"))
    }

    @Test func whatIsRefusedOfTheRuntimesOwnDomainIsRefusedByName() throws {
        let graph = Message.graph([.node("DynamicQuantizeLSTM", ["x"], ["y"], domain: "com.microsoft")])
        let reason = try refusal(graph)
        #expect(reason.contains("DynamicQuantizeLSTM") && reason.contains("export the network with the LSTM"))
    }

    // MARK: Lists

    @Test func whatIsPutIntoAListComesOutOfIt() throws {
        let graph = try ONNXModel.load(
            Message.model(
                .graph(
                    [
                        .node("Relu", ["x"], ["a"]), .node("Exp", ["x"], ["b"]),
                        .node("SequenceConstruct", ["a", "b"], ["list"]),
                        .node("SequenceErase", ["list", "first"], ["rest"]),
                        .node("SequenceInsert", ["rest", "a"], ["turned"]),
                        .node("ConcatFromSequence", ["turned"], ["y"], ["axis": .integer(1)]),
                    ], initializers: [.integers("first", [0])])))
        let whole = try #require(graph.nodes.last)
        let producers = graph.producers()
        #expect(whole.operation == .concatenation(axis: 1))
        #expect(whole.inputs.compactMap { $0 }.map { producers[$0]?.operation.name } == ["exp", "ReLU"])
    }

    @Test func aPositionOutsideOfAListIsRefused() throws {
        let graph = Message.graph(
            [
                .node("SequenceConstruct", ["x"], ["list"]), .node("SequenceAt", ["list", "place"], ["y"]),
            ], initializers: [.integers("place", [.min])])
        #expect(try refusal(graph).contains("in a list of 1"))
    }

    @Test func whatDependsOnThePhotoSaysWhatToDo() throws {
        let graph = Message.graph([.node("NonMaxSuppression", ["x", "x"], ["y"])])
        #expect(try refusal(graph).contains("cut the network before it"))
    }
}
