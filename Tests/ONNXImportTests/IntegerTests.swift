import Foundation
import Networks
import ONNXImport
import Tensors
import Testing

/// Integers as rows of bits, numbers of few bits, and results that are as many as the values say.
@Suite struct IntegerTests {
    private func bytes(_ name: String, _ values: [UInt8], type: Int64 = 2) -> Message {
        .tensor(name, [Int64(values.count)], type: type, raw: Data(values))
    }

    @Test func bits() throws {
        let values = [bytes("a", [0b1100, 255, 1]), bytes("b", [0b1010, 1, 7])]
        func numbers(_ operation: String, _ inputs: [String], _ attributes: [String: Message.Attribute] = [:]) throws
            -> [Float]
        {
            try storedNumbers([.node(operation, inputs, ["y"], attributes)], values, opset: 18)
        }
        #expect(try numbers("BitwiseAnd", ["a", "b"]) == [0b1000, 1, 1])
        #expect(try numbers("BitwiseOr", ["a", "b"]) == [0b1110, 255, 7])
        #expect(try numbers("BitwiseXor", ["a", "b"]) == [0b0110, 254, 6])
        // Eight bits without a sign.
        #expect(try numbers("BitwiseNot", ["a"]) == [243, 0, 254])
        #expect(try numbers("BitShift", ["a", "b"], ["direction": .text("LEFT")]) == [0, 254, 128])
        #expect(try numbers("BitShift", ["b", "a"], ["direction": .text("RIGHT")]) == [0, 0, 3])
        let signed = try storedNumbers([.node("BitwiseNot", ["c"], ["y"])], [.integers("c", [5, -1])], opset: 18)
        #expect(signed == [-6, 0])
    }

    @Test func integersOfTwoAndFourBitsShareBytes() throws {
        func numbers(_ type: Int64, _ count: Int64, _ raw: [UInt8]) throws -> [Float] {
            let tensor = Message.tensor("a", [count], type: type, raw: Data(raw))
            return try storedNumbers([.node("Cast", ["a"], ["y"], ["to": .integer(1)])], [tensor], opset: 23)
        }
        #expect(try numbers(21, 3, [0xf1, 0x07]) == [1, 15, 7])
        #expect(try numbers(22, 3, [0xf1, 0x08]) == [1, -1, -8])
        #expect(try numbers(25, 5, [0b11_10_01_00, 0b10]) == [0, 1, 2, 3, 2])
        #expect(try numbers(26, 5, [0b11_10_01_00, 0b10]) == [0, 1, -2, -1, -2])
        #expect(throws: ONNXError.self) { try numbers(21, 5, [0x21]) }
    }

    @Test func weightsOfFourBitsBecomeNumbers() throws {
        let weights = Message.tensor("q", [4], type: 22, raw: Data([0xf1, 0x87]))
        let numbers = try storedNumbers(
            [.node("DequantizeLinear", ["q", "scale", "zero"], ["y"])],
            [weights, .floats("scale", [], [0.5]), .tensor("zero", [], type: 22, raw: Data([0x01]))], opset: 21)
        #expect(numbers == [0, -1, 3, -4.5])
    }

    @Test func castingToFewBitsKeepsTheLowerOnes() throws {
        let values = [Message.floats("a", [4], [-9, 7.9, 8, 15])]
        #expect(
            try storedNumbers([.node("Cast", ["a"], ["y"], ["to": .integer(22)])], values, opset: 23) == [7, 7, -8, -1])
        #expect(
            try storedNumbers([.node("Cast", ["a"], ["y"], ["to": .integer(21)])], values, opset: 23) == [7, 7, 8, 15])
        let numbers = try storedNumbers(
            [.node("Cast", ["b"], ["y"], ["to": .integer(17)])], [.floats("b", [3], [0.3, 500, -1e6])], opset: 19)
        #expect(numbers == [0.3125, 448, -448])
    }

    @Test func whatDiffersIsListed() throws {
        let result = try stored(
            [.node("Unique", ["a"], ["y", "first", "inverse", "counts"])], [.floats("a", [6], [2, 1, 1, 3, 4, 3])],
            outputs: ["y", "first", "inverse", "counts"], opset: 11)
        #expect(result[0].tensor?.values == [1, 2, 3, 4])
        #expect(result.dropFirst().map(\.integers) == [[1, 0, 3, 4], [1, 0, 0, 2, 3, 2], [2, 1, 2, 1]])
        let rows = try stored(
            [.node("Unique", ["a"], ["y"], ["axis": .integer(0), "sorted": .integer(0)])],
            [.floats("a", [3, 2], [5, 6, 1, 2, 5, 6])], opset: 11)
        #expect(rows[0].shape.dimensions == [2, 2])
        #expect(rows[0].tensor?.values == [5, 6, 1, 2])
    }

    @Test func boxesThatOverlapAreSuppressedWhereTheyAreStored() throws {
        let boxes: [Float] = [
            0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101,
        ]
        let kept = try stored(
            [.node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "lowest"], ["y"])],
            [
                .floats("boxes", [1, 6, 4], boxes), .floats("scores", [1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]),
                .integers("most", [3]), .floats("overlap", [1], [0.5]), .floats("lowest", [1], [0.4]),
            ], opset: 11)
        #expect(kept[0].shape.dimensions == [2, 3])
        #expect(kept[0].integers == [0, 0, 3, 0, 0, 0])
        let computed = Message.graph(
            [.node("NonMaxSuppression", ["x", "x"], ["y"])], inputs: [.value("x", [1, 4, 4])])
        let error = try #require(throws: ONNXError.self) { try ONNXModel.load(Message.model(computed)) }
        #expect(error.description.contains("depends on the photo"))
    }

    @Test func determinants() throws {
        let matrix: [Float] = [2, 0, 1, 1, 3, -1, 0, 5, 4]
        // The rows' expansion of [[2,0,1],[1,3,-1],[0,5,4]] is 2·(12 + 5) + 1·5.
        #expect(try storedNumbers([.node("Det", ["a"], ["y"])], [.floats("a", [3, 3], matrix)], opset: 11) == [39])
        #expect(
            try storedNumbers(
                [.node("Det", ["a"], ["y"])], [.floats("a", [2, 2, 2], [1, 2, 3, 4, 0, 1, 1, 0])], opset: 11) == [
                    -2, -1,
                ])
        let wide = Message.graph([.node("Det", ["x"], ["y"])], inputs: [.value("x", [2, 3])])
        #expect(throws: ONNXError.self) { try ONNXModel.load(Message.model(wide)) }
    }
}
