import Localization
import Tensors
import Testing

@Suite struct SemanticSegmentationTests {
    private func whole(_ pixels: Int, _ map: Int) -> SemanticSegmentation.Axis {
        .init(scale: Double(map) / Double(pixels), offset: 0)
    }

    /// Two classes on 4×4 places: the left half is class 1, and so is the corner at the right.
    private func scores() throws -> Tensor {
        let object: [Float] = [
            2, 2, -2, 3,
            2, 2, -2, -2,
            2, 2, -2, -2,
            2, 2, -2, -2,
        ]
        return try Tensor(shape: Shape([1, 2, 4, 4]), values: object.map { -$0 } + object)
    }

    @Test func aPixelBelongsToTheClassWithTheLargestScoreThere() throws {
        let found = try SemanticSegmentation(
            scores(), as: .perClass, width: 4, height: 4, columns: whole(4, 4), rows: whole(4, 4))
        #expect(found.classes == [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0])
        // e²/(e² + e⁻²)
        #expect(abs(found.probabilities[0] - 0.982_013_8) < 1e-6)
    }

    @Test func connectedPartsGetABoxEachLargestFirstAndBackgroundGetsNone() throws {
        let found = try SemanticSegmentation(
            scores(), as: .perClass, width: 8, height: 8, columns: whole(8, 4), rows: whole(8, 4))
        let segments = try found.segments(background: [0])
        #expect(segments.map(\.classIndex) == [1])
        let parts = try #require(segments.first?.parts)
        #expect(parts.count == 2)
        #expect(parts[0].box == PixelBox(x: 0, y: 0, width: 4, height: 8))
        #expect(parts[1].box.x >= 5 && parts[1].box.y == 0)
        #expect(parts[0].probability > 0.7 && parts[0].probability < 1)
        #expect(try found.segments(background: [0, 1]).isEmpty)
    }

    /// PyTorch's `interpolate(mode: "bilinear", align_corners: False)` of [0, 4] to four places is [0, 1, 3, 4].
    @Test func scoresAreInterpolatedBetweenTheCentresOfPlaces() throws {
        let object = try Tensor(shape: Shape([1, 1, 1, 2]), values: [0, 4])
        let found = try SemanticSegmentation(
            object, as: .ofObject(isProbability: false), width: 4, height: 1, columns: whole(4, 2), rows: whole(1, 1))
        let expected: [Float] = [0.5, 0.731_058_6, 0.952_574_1, 0.982_013_8]
        for (probability, expected) in zip(found.probabilities, expected) {
            #expect(abs(probability - expected) < 1e-6)
        }
        // 0 of an object's score is no more than even.
        #expect(found.classes == [0, 1, 1, 1])
    }

    @Test func oneMapMayHoldProbabilities() throws {
        let object = try Tensor(shape: Shape([1, 1, 1, 2]), values: [0.2, 0.9])
        let found = try SemanticSegmentation(
            object, as: .ofObject(isProbability: true), width: 2, height: 1, columns: whole(2, 2), rows: whole(1, 1))
        #expect(found.classes == [0, 1] && found.classCount == 2)
        #expect(abs(found.probabilities[0] - 0.8) < 1e-6)
    }

    @Test func whatTheNetworkDidNotSeeHasNoClass() throws {
        // A centre crop: the maps begin at pixel 2 and end at pixel 6.
        let axis = SemanticSegmentation.Axis(scale: 1, offset: -2)
        let found = try SemanticSegmentation(
            scores(), as: .perClass, width: 8, height: 4, columns: axis, rows: whole(4, 4))
        #expect(found.classes.prefix(8) == [nil, nil, 1, 1, 0, 1, nil, nil])
    }

    @Test func otherShapesAreRefused() throws {
        for extents in [[1, 2], [2, 2, 4, 4], [1, 2, 4]] {
            let tensor = Tensor(shape: try Shape(extents))
            #expect(throws: LocalizationError.self) {
                try SemanticSegmentation(
                    tensor, as: .perClass, width: 4, height: 4, columns: whole(4, 4), rows: whole(4, 4))
            }
        }
        #expect(throws: LocalizationError.self) {
            try SemanticSegmentation(
                scores(), as: .ofObject(isProbability: true), width: 4, height: 4, columns: whole(4, 4),
                rows: whole(4, 4))
        }
    }
}
