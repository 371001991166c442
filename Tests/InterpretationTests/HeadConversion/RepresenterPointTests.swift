import Foundation
import Interpretation
import Testing

/// Against scikit-learn's fit and the dual form in NumPy: Tests/Fixtures/auditing/representer.json, written by
/// Conformance/make_audit_fixtures.py.
@Suite struct RepresenterPointTests {
    private struct Fixture: Decodable {
        let features: [[Float]]
        let labels: [Int]
        let asked: [Float]
        let penalty: Double
        let mislabelled: Int
        let scores: [Double]
        let shares: [Double]
    }

    private let fixture: Fixture

    init() throws {
        fixture = try JSONDecoder().decode(Fixture.self, from: AuditingFixtures.data("representer.json"))
    }

    private func points() throws -> RepresenterPoints {
        try RepresenterPoints(
            features: fixture.features, labels: fixture.labels, classes: 3, penalty: fixture.penalty)
    }

    /// Both fits end where the gradient is 1e-7 or less; divided by the penalty that is 1e-5 of the weights.
    @Test func sharesAndScoresAreThoseOfTheReference() throws {
        let points = try points()
        #expect(points.isConverged && points.residual < 1e-5)
        for (share, expected) in zip(points.shares(inScoreOf: 2, for: fixture.asked), fixture.shares) {
            #expect(abs(share - expected) < 1e-5)
        }
        for (score, expected) in zip(points.scores(for: fixture.asked), fixture.scores) {
            #expect(abs(score - expected) < 1e-4)
        }
    }

    @Test func aMislabelledPhotoIsBelievedLeastAndPullsMost() throws {
        let points = try points()
        #expect(points.leastBelieved.first == fixture.mislabelled)
        let shares = points.shares(inScoreOf: 2, for: fixture.asked)
        #expect(shares.indices.max { shares[$0] < shares[$1] } == fixture.mislabelled)
    }

    @Test func withTheBiasTheSharesAreTheScore() throws {
        let points = try points()
        let scores = points.scores(for: fixture.asked)
        for label in 0..<3 {
            let sum = points.shares(inScoreOf: label, for: fixture.asked).reduce(points.bias[label], +)
            #expect(abs(sum - scores[label]) < 1e-12)
        }
    }

    /// Weights that are a multiple of the negative gradient minimize the loss with that penalty; others are as far away as
    /// the angle between the two says.
    @Test func aHeadAtAMinimumLeavesNothingOver() {
        let features: [[Float]] = [[1, 0], [0, 2]]
        let errors = [[0.5, -0.5], [-0.25, 0.25]]
        // G = [[0.5, -0.5], [-0.5, 0.5]].
        let at = HeadStationarity.residual(weights: [[2, -2], [-2, 2]], features: features, errors: errors)
        #expect(at < 1e-12)
        let beside = HeadStationarity.residual(weights: [[1, 0], [0, 1]], features: features, errors: errors)
        #expect(abs(beside - 0.5.squareRoot()) < 1e-12)
        let against = HeadStationarity.residual(weights: [[-1, 1], [1, -1]], features: features, errors: errors)
        #expect(against == 1)
    }

    @Test func aClassWithoutPhotosIsRefused() {
        #expect(throws: InterpretationError.self) {
            try RepresenterPoints(features: [[1], [2]], labels: [0, 0], classes: 2, penalty: 0.1)
        }
    }
}

/// Where the fixtures of the auditing commands lie.
enum AuditingFixtures {
    static func data(_ name: String) throws -> Data {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try Data(contentsOf: folder.appending(path: "Fixtures/auditing/\(name)"))
    }
}
