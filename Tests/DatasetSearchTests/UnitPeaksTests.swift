import DatasetSearch
import Networks
import Tensors
import Testing

@Suite struct UnitPeaksTests {
    private func layer(_ units: Int) -> IndexedLayer {
        IndexedLayer(value: ValueID(index: 0), name: "layer", nodeName: "node", units: units)
    }

    @Test func aPeakIsTheLargestValueAndTheFirstPlaceThatHasIt() throws {
        // 5×7 places: more than eight, and no multiple of eight.
        var values = [Float](repeating: -2, count: 2 * 35)
        values[10] = 3
        values[30] = 3
        values[35 + 34] = -1
        let peaks = try UnitPeaks([(layer(2), try Tensor(shape: Shape([1, 2, 5, 7]), values: values))])
        #expect(peaks.layers == [[.init(value: 3, y: 1, x: 3), .init(value: -1, y: 4, x: 6)]])
    }

    @Test func scoresHaveOnePlace() throws {
        let peaks = try UnitPeaks([(layer(3), try Tensor(shape: Shape([1, 3]), values: [1, -4, 2]))])
        #expect(peaks.layers[0].map(\.value) == [1, -4, 2])
        #expect(peaks.layers[0].allSatisfy { $0.y == 0 && $0.x == 0 })
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity], [0, 8, 34])
    func whatIsNotFiniteIsRefused(value: Float, place: Int) throws {
        var values = [Float](repeating: 1, count: 35)
        values[place] = value
        // −∞ among finite values is no peak, but is found all the same.
        let tensor = try Tensor(shape: Shape([1, 1, 5, 7]), values: values)
        #expect(throws: DatasetSearchError.self) { try UnitPeaks([(layer(1), tensor)]) }
    }

    @Test func otherShapesAreRefused() throws {
        for extents in [[1, 3, 2, 2], [2, 2, 2, 2], [1, 2, 4]] {
            let tensor = Tensor(shape: try Shape(extents))
            #expect(throws: DatasetSearchError.self) { try UnitPeaks([(layer(2), tensor)]) }
        }
    }
}
