import Tensors
import Testing

@Suite struct StackingTests {
    @Test func itemsComeBackAsTheyWereStacked() throws {
        let items = try (0..<3).map { item in
            try Tensor(shape: Shape([2, 2]), values: (0..<4).map { Float(10 * item + $0) })
        }
        let stacked = try Tensor(stacking: items)
        #expect(stacked.shape.dimensions == [3, 2, 2])
        for (index, item) in items.enumerated() { #expect(try stacked.item(index) == item) }
    }

    @Test func whatHasNoShapeInCommonIsRefused() throws {
        #expect(throws: TensorError.notStackable([])) { try Tensor(stacking: []) }
        let shapes = try [Shape([2, 2]), Shape([4])]
        #expect(throws: TensorError.notStackable(shapes)) {
            try Tensor(stacking: shapes.map { Tensor(shape: $0) })
        }
    }
}
