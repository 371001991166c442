import Evaluation
import Foundation
import Networks
import Tensors
import Testing
import WireProtocol

@Suite struct NumberTests {
    private let expected: Expected

    init() throws { expected = try Expected.load() }

    @Test func rankCorrelationIsSciPys() throws {
        let (a, b) = (try Expected.tensor("map").values, try Expected.tensor("other").values)
        #expect(abs(try #require(RankCorrelation.spearman(a, b)) - expected.spearman) < 1e-9)
        #expect(abs(try #require(RankCorrelation.spearman([1, 2, 2, 3], [10, 20, 20, 90])) - 1) < 1e-12)
        #expect(RankCorrelation.spearman([1, 1], [1, 2]) == nil)
    }

    @Test func structuralSimilarityIsScikitImages() throws {
        let (a, b) = (try Expected.tensor("map"), try Expected.tensor("other"))
        #expect(abs(try #require(StructuralSimilarity.ofNormalized(a, b)) - expected.ssim) < 1e-5)
        #expect(abs(try #require(StructuralSimilarity.ofNormalized(a, a)) - 1) < 1e-9)
    }

    @Test func anIntervalHoldsTheMeanAndNarrowsWithTheSquareRootOfTheCount() throws {
        let few = (0..<50).map { Double($0 % 2) }
        let many = (0..<5000).map { Double($0 % 2) }
        let bootstrap = Bootstrap(resamples: 400, seed: 3)
        let (wide, narrow) = (try #require(bootstrap.mean(of: few)), try #require(bootstrap.mean(of: many)))
        #expect(wide.value == 0.5 && wide.low < 0.5 && wide.high > 0.5 && wide.count == 50)
        // Of a fair coin: ±1.96·0.5/√n.
        #expect(abs((wide.high - wide.low) - 0.277) < 0.05)
        #expect(abs((narrow.high - narrow.low) - 0.0277) < 0.005)
        #expect(try #require(bootstrap.mean(of: few)) == wide)
        #expect(bootstrap.mean(of: []) == nil)
    }

    @Test func confusionsAreCountedByTruth() throws {
        var matrix = ConfusionMatrix(classes: 3)
        for (truth, prediction) in [(0, 0), (0, 0), (0, 1), (1, 1)] { matrix.add(truth: truth, prediction: prediction) }
        #expect(matrix.counts == [[2, 1, 0], [0, 1, 0], [0, 0, 0]])
        #expect(matrix.accuracy == 0.75)
        #expect(abs(try #require(matrix.balancedAccuracy) - 5.0 / 6) < 1e-12)
        #expect(matrix.recall(0) == 2.0 / 3 && matrix.precision(1) == 0.5)
        #expect(matrix.recall(2) == nil && matrix.precision(2) == nil)
        #expect(ConfusionMatrix(classes: 2).accuracy == nil)
    }

    // MARK: Calibration

    private func softmax(_ scores: [Float]) -> [Double] {
        let exponentials = scores.map { exp(Double($0)) }
        return exponentials.map { $0 / exponentials.reduce(0, +) }
    }

    private func error(_ scaling: ScoreScaling) -> Double? {
        let reference = expected.calibration
        let probabilities = reference.scores.map { softmax(scaling($0)) }
        let predictions = probabilities.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
        return CalibrationError.expected(
            zip(probabilities, predictions).map { $0[$1] }, zip(predictions, reference.truth).map { $0 == $1 })
    }

    @Test func theCalibrationErrorIsGuoEtAls() throws {
        #expect(abs(try #require(error(.none)) - expected.calibration.errorBefore) < 1e-6)
    }

    @Test func theTemperatureIsPyTorchs() throws {
        let reference = expected.calibration
        let scaling = try #require(
            ScoreScaling.fitted(reference.scores, truth: reference.truth, form: .temperature))
        #expect(abs(try #require(scaling.temperature) - reference.temperature) < 1e-5)
        #expect(abs(try #require(error(scaling)) - reference.errorAfter) < 1e-5)
    }

    @Test func theVectorIsPyTorchs() throws {
        let reference = expected.calibration
        let scaling = try #require(ScoreScaling.fitted(reference.scores, truth: reference.truth, form: .vector))
        #expect(isClose(scaling.scale, reference.scale, within: 1e-4))
        let mean = scaling.shift.reduce(0, +) / 3
        #expect(isClose(scaling.shift.map { $0 - mean }, reference.shift, within: 1e-4))
    }

    @Test func anIndependentLabelsScaleIsPyTorchs() throws {
        let reference = expected.calibration
        let scaling = try #require(
            ScoreScaling.fitted(reference.scores.map { $0[0] }, holds: reference.truth.map { $0 == 0 }))
        #expect(isClose(scaling.scale + scaling.shift, reference.platt, within: 1e-4))
    }

    @Test func theGradientIsThatOfFiniteDifferences() {
        let reference = expected.calibration
        func loss(_ place: [Double]) -> (value: Double, gradient: [Double]) {
            ScoreScaling.loss(reference.scores, truth: reference.truth, classes: 3, at: place)
        }
        let place = [0.7, 1.1, 0.9, 0.2, -0.1, 0.05]
        let gradient = loss(place).gradient
        for index in place.indices {
            var (above, below) = (place, place)
            above[index] += 1e-5
            below[index] -= 1e-5
            #expect(abs((loss(above).value - loss(below).value) / 2e-5 - gradient[index]) < 1e-8)
        }
    }

    @Test func scoresThatNeverErrHaveNoTemperature() {
        #expect(ScoreScaling.fitted([[2, -1], [-1, 3]], truth: [0, 1], form: .temperature) == nil)
        #expect(ScoreScaling.fitted([[2, -1], [-1, 3]], truth: [1, 0], form: .temperature) == nil)
        #expect(ScoreScaling.fitted([1, 2], holds: [true, true]) == nil)
    }
}
