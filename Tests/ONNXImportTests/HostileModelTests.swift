import Foundation
import Networks
import ONNXImport
import Testing

/// Files that are broken or mean harm: each is refused with an error that says what is wrong; none traps or takes
/// memory that it does not bring itself.
@Suite struct HostileModelTests {
    private static let relu = Message.node("Relu", ["x"], ["y"])

    @Test func theFilesHereAreOtherwiseSound() throws {
        #expect(try ONNXModel.load(Message.model(.graph([Self.relu]))).nodes.count == 1)
    }

    @Test func everyTruncationOfAFileIsRefusedOrReadWithoutHarm() throws {
        let data = Message.model(
            .graph(
                [
                    Message.node("Conv", ["x", "w"], ["c"], ["pads": .integers([1, 1, 1, 1])]),
                    .node("Relu", ["c"], ["y"]),
                ],
                initializers: [.floats("w", [2, 3, 3, 3])]))
        for length in 0..<data.count {
            #expect(throws: ONNXError.self) { try ONNXModel.load(data.prefix(length)) }
        }
    }

    /// A fixed sequence of changes, so that a failure can be repeated.
    @Test func changedBytesAreRefusedOrReadWithoutHarm() throws {
        let data = Message.model(
            .graph(
                [
                    .node("Conv", ["x", "w"], ["c"], ["strides": .integers([2, 2]), "group": .integer(1)]),
                    .node("Slice", ["c", "from", "to"], ["s"]), .node("Reshape", ["s", "shape"], ["r"]),
                    .node("ReduceMean", ["r"], ["y"], ["axes": .integers([1]), "keepdims": .integer(0)]),
                ],
                initializers: [
                    .floats("w", [2, 3, 3, 3]), .integers("from", [0, 1]), .integers("to", [1, 2]),
                    .integers("shape", [0, -1]),
                ]))
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        for _ in 0..<4000 {
            var changed = data
            for _ in 0..<1 + next() % 3 { changed[next() % changed.count] = UInt8(next() & 0xff) }
            guard let graph = try? ONNXModel.load(changed) else { continue }
            for extents in [[1, 3, 8, 8], [2, 3, 5, 9]] {
                guard let shape = try? shape(extents) else { continue }
                _ = try? graph.shapes(for: Dictionary(graph.inputs.map { ($0.value, shape) }) { first, _ in first })
            }
        }
    }

    @Test(
        arguments: [
            [1 << 30], [1 << 20, 1 << 20], [.max, .max], [-1], [-1, -1], [.min], [1 << 62, 4, 1 << 3],
        ] as [[Int64]])
    func aTensorThatClaimsMoreThanItHoldsIsRefused(extents: [Int64]) {
        for type in [1, 7, 10, 9] as [Int64] {
            let tensor = Message.tensor("w", extents, type: type, raw: Data(count: 16))
            let model = Message.model(.graph([.node("Add", ["x", "w"], ["y"])], initializers: [tensor]))
            #expect(throws: ONNXError.self) { try ONNXModel.load(model) }
        }
    }

    @Test func constantsThatGrowWithoutBoundAreRefused() {
        let fill = Message.node("ConstantOfShape", ["shape"], ["c"])
        let once = Message.graph(
            [fill, .node("Add", ["x", "c"], ["y"])], initializers: [.integers("shape", [30_000, 30_000])])
        #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(once)) }
        // Each of them is allowed, all together are not.
        let many = (0..<64).map { Message.node("ConstantOfShape", ["shape"], ["c\($0)"]) }
        let often = Message.graph(
            many + [.node("Add", ["x", "c0"], ["y"])], initializers: [.integers("shape", [4000, 4000])])
        #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(often)) }
    }

    @Test func cyclesAndRepeatedNamesAreRefused() {
        let graphs: [Message] = [
            .graph([.node("Add", ["x", "z"], ["y"]), .node("Relu", ["y"], ["z"])]),
            .graph([.node("Add", ["x", "y"], ["y"])]),
            .graph([Self.relu, Self.relu]),
            .graph([.node("Relu", ["x"], ["x"])], outputs: ["x"]),
            .graph([Self.relu], inputs: [.value("x", [1]), .value("x", [1])]),
            .graph([Self.relu], initializers: [.floats("w", [1]), .floats("w", [1])]),
            .graph([.node("Relu", ["nothing"], ["y"])]),
            .graph([Self.relu], outputs: ["nothing"]),
            .graph([Self.relu], outputs: []),
            .graph([Self.relu], inputs: []),
            .graph([.node("Relu", ["x"], [""])]),
            .graph([.node("Relu", ["x"], [])]),
            .graph([.node("Relu", [""], ["y"])]),
            .graph([.node("Relu", [], ["y"])]),
            .graph([]),
        ]
        for graph in graphs { #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(graph)) } }
    }

    @Test func attributesThatDoNotFitAreRefused() {
        let weights = Message.floats("w", [2, 3, 3, 3])
        let huge = Int64.max
        let attributes: [[String: Message.Attribute]] = [
            ["strides": .integers([1])], ["strides": .integers([0, 1])], ["strides": .integers([huge, 1])],
            ["pads": .integers([1, 1])], ["pads": .integers([-1, 0, 0, 0])], ["pads": .integers([huge, 0, 0, 0])],
            ["dilations": .integers([-1, 1])], ["group": .integer(0)], ["group": .integer(-1)],
            ["group": .integer(.min)], ["kernel_shape": .integers([5, 5])], ["auto_pad": .text("NONSENSE")],
        ]
        for attribute in attributes {
            for operation in ["Conv", "ConvTranspose"] {
                let graph = Message.graph([.node(operation, ["x", "w"], ["y"], attribute)], initializers: [weights])
                #expect(throws: ONNXError.self, "\(operation) \(attribute)") {
                    try ONNXModel.load(Message.model(graph))
                }
            }
        }
        let nodes: [Message] = [
            .node("MaxPool", ["x"], ["y"]), .node("MaxPool", ["x"], ["y"], ["kernel_shape": .integers([])]),
            .node("MaxPool", ["x"], ["y"], ["kernel_shape": .integers([2, 0])]),
            .node("Concat", ["x", "x"], ["y"]), .node("DepthToSpace", ["x"], ["y"]),
            .node("DepthToSpace", ["x"], ["y"], ["blocksize": .integer(0)]),
            .node("Resize", ["x"], ["y"], ["mode": .text("linear")]),
            .node("LRN", ["x"], ["y"], ["size": .integer(-3)]),
            .node("Cast", ["x"], ["y"], ["to": .integer(99)]),
            .node("Transpose", ["x"], ["y"], ["perm": .integers([huge])]),
        ]
        for node in nodes { #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(.graph([node]))) } }
    }

    @Test func branchesWithinBranchesEndSomewhere() {
        var branch = Message.graph([.node("Identity", ["x"], ["b"])], inputs: [], outputs: ["b"])
        for depth in 0..<200 {
            branch = .graph(
                [.node("If", ["flag"], ["b\(depth)"], ["then_branch": .graph(branch)])],
                inputs: [], outputs: ["b\(depth)"])
        }
        let graph = Message.graph(
            [.node("If", ["flag"], ["y"], ["then_branch": .graph(branch)])],
            initializers: [.tensor("flag", [1], type: 9, raw: Data([1]))])
        #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(graph)) }
    }
}
