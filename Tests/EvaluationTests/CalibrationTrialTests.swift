import Evaluation
import Networks
import Testing

@Suite struct CalibrationTrialTests {
    private let expected: Expected

    init() throws { expected = try Expected.load() }

    @Test func aTemperatureMakesTheTruthLikelierOnPhotosThatItWasNotFittedTo() throws {
        // Three times too sure of itself.
        let scores = expected.calibration.scores.map { $0.map { 3 * $0 } }
        let trial = try #require(CalibrationTrial.ofClasses(scores, truth: expected.calibration.truth))
        #expect(trial.lossAfter < trial.lossBefore)
        #expect(trial.before.count == scores.count && trial.after.allSatisfy { $0.count == 1 })
        func error(_ judged: [[CalibrationTrial.Judged]]) throws -> Double {
            let all = judged.flatMap { $0 }
            return try #require(CalibrationError.expected(all.map(\.probability), all.map(\.isRight)))
        }
        #expect(try error(trial.after) < error(trial.before) / 2)
        let back = trial.scaling.undone(trial.scaling(scores[0]))
        #expect(zip(back, scores[0]).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test func labelsAreScaledByThemselvesAndTheHopelessStayAsTheyAre() throws {
        let scores = expected.calibration.scores.map { [2 * $0[0], $0[1], 1] }
        let truth = expected.calibration.truth.map { Set([$0].filter { $0 < 2 }) }
        let trial = try #require(CalibrationTrial.ofLabels(scores, truth: truth, isBinary: false))
        #expect(trial.untouched == [2])
        #expect(trial.scaling.scale[2] == 1 && trial.scaling.shift[2] == 0)
        // PyTorch's, of scores that were half as large.
        #expect(abs(trial.scaling.scale[0] - expected.calibration.platt[0] / 2) < 1e-4)
        #expect(abs(trial.scaling.shift[0] - expected.calibration.platt[1]) < 1e-4)
        #expect(trial.lossAfter < trial.lossBefore)
    }

    @Test func oneOutputOfTwoLabelsIsScaledAsOne() throws {
        let scores = expected.calibration.scores.map { [-$0[0], $0[0]] }
        let truth = expected.calibration.truth.map { Set([$0 == 0 ? 1 : 0]) }
        let trial = try #require(CalibrationTrial.ofLabels(scores, truth: truth, isBinary: true))
        #expect(trial.scaling.scale[0] == trial.scaling.scale[1])
        #expect(trial.scaling.shift[0] == -trial.scaling.shift[1])
        #expect(trial.after.allSatisfy { abs($0[0].probability + $0[1].probability - 1) < 1e-6 })
    }

    @Test func whoNeverErrsCannotBeCalibrated() {
        let scores = (0..<40).map { [Float($0 % 2), Float(1 - $0 % 2)] }
        #expect(CalibrationTrial.ofClasses(scores, truth: (0..<40).map { 1 - $0 % 2 }) == nil)
        #expect(CalibrationTrial.ofClasses([], truth: []) == nil)
    }
}
