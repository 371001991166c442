import Foundation
import Interpretation
import Testing

/// Against Captum's TCAV on the same activations, with logistic regression as its classifier:
/// Tests/Fixtures/auditing/concept.json, written by Conformance/make_audit_fixtures.py.
@Suite struct ConceptVectorTests {
    private struct Fixture: Decodable {
        let concept: [[Float]]
        let random: [[Float]]
        let gradients: [[Float]]
        let penalty: Double
        let score: Double
        let direction: [Double]
    }

    /// Both fits end where the gradient is 1e-7 or less, and activations are single precision here.
    @Test func directionAndScoreAreCaptums() throws {
        let fixture = try JSONDecoder().decode(Fixture.self, from: AuditingFixtures.data("concept.json"))
        let vector = try ConceptVector(concept: fixture.concept, random: fixture.random, penalty: fixture.penalty)
        #expect(vector.isConverged)
        for (entry, expected) in zip(vector.direction, fixture.direction) { #expect(abs(entry - expected) < 1e-5) }
        let score = ConceptVector.score(fixture.gradients.map(vector.sensitivity))
        #expect(abs(score - fixture.score) < 1e-6)
    }

    @Test func heldOutExamplesTellWhetherTheLayerKnowsTheConcept() throws {
        let concept: [[Float]] = (0..<9).map { [1 + Float($0) / 100, 0] }
        let random: [[Float]] = (0..<9).map { [0, 1 + Float($0) / 100] }
        #expect(try ConceptVector(concept: concept, random: random).heldOutAccuracy == 1)
        // The same on both sides: one of each pair is on the wrong side.
        #expect(try ConceptVector(concept: concept, random: concept).heldOutAccuracy == 0.5)
    }

    @Test func tooFewExamplesAndALayerOfZerosAreRefused() {
        #expect(throws: InterpretationError.self) { try ConceptVector(concept: [[1], [2]], random: [[0], [0], [1]]) }
        let zeros = [[Float]](repeating: [0, 0], count: 4)
        #expect(throws: InterpretationError.self) { try ConceptVector(concept: zeros, random: zeros) }
    }

    /// `scipy.stats.ttest_ind`.
    @Test(
        arguments: [
            ([0.8, 0.9, 0.85, 0.7], [0.5, 0.6, 0.4, 0.55], 4.9684720272649505, 0.0025307113769306782),
            ([1, 2, 3], [1.5, 2.5, 2], 0, 1), ([0.1, 0.2], [5, 6, 7, 8], -6.554975130974866, 0.00280103460851504),
        ] as [([Double], [Double], Double, Double)])
    func theTestIsSciPys(a: [Double], b: [Double], statistic: Double, probability: Double) throws {
        let test = try #require(StudentTest(a, b))
        #expect(abs(test.statistic - statistic) < 1e-12)
        #expect(abs(test.probability - probability) < 1e-12)
    }

    @Test func samplesThatDoNotVaryDifferForSureOrNotAtAll() {
        #expect(StudentTest([1, 1], [0, 0])?.probability == 0)
        #expect(StudentTest([1, 1], [1, 1])?.probability == 1)
        #expect(StudentTest([1], [0, 1]) == nil)
    }
}
