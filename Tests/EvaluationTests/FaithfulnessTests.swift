import Evaluation
import Execution
import Interpretation
import Tensors
import Testing

@Suite struct FaithfulnessTests {
    private let expected: Expected
    private let map: Tensor

    init() throws {
        expected = try Expected.load()
        map = try Expected.tensor("map")
    }

    /// Asks petshop for the probability, or the score, of the class that the references are of.
    private func ask<Value: Sendable>(
        isProbability: Bool = true,
        _ body: nonisolated(nonsending) @Sendable (Tensor, NetworkScoring) async throws(InterpretationError) -> Value
    ) async throws -> Value {
        let (network, image) = try Expected.petshop()
        let classIndex = expected.class
        return try await network.session.perform { (evaluator) throws(InterpretationError) in
            try await body(
                image,
                NetworkScoring(
                    Question(network: network, input: image), classIndex: classIndex, isProbability: isProbability,
                    on: evaluator))
        }
    }

    /// Convolutions add in another order than PyTorch's: probabilities agree to 1e-5.
    @Test func insertionAndDeletionAreRISEs() async throws {
        let ranking = PixelRanking(map.values)
        let (deletion, insertion) = try await ask { (image, scoring) throws(InterpretationError) in
            (
                try await RemovalCurve.deletion.curve(of: image, ranking, steps: 16, scoring),
                try await RemovalCurve.insertion.curve(of: image, ranking, steps: 16, scoring)
            )
        }
        #expect(isClose(deletion, expected.rise.deletion, within: 1e-5))
        #expect(isClose(insertion, expected.rise.insertion, within: 1e-5))
        #expect(abs(PixelRanking.area(under: deletion) - expected.rise.deletionArea) < 1e-5)
        #expect(abs(PixelRanking.area(under: insertion) - expected.rise.insertionArea) < 1e-5)
        // Quantus counts the three channels of a pixel as three features, and does not say where it begins.
        let flipped = stride(from: 2, to: expected.pixelFlipping.count, by: 3).map { expected.pixelFlipping[$0] }
        #expect(isClose(Array(deletion.dropFirst()), flipped, within: 1e-5))
    }

    @Test func theBlurIsRISEs() {
        #expect(zip(RISEBlur.kernel, expected.rise.blurKernel).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(RISEBlur.kernel.count == expected.rise.blurKernel.count)
    }

    @Test func stepsBeginWithNothingAndEndWithAll() async throws {
        let image = Tensor(shape: try Shape([1, 1, 2, 3]), repeating: 1)
        let ranking = PixelRanking([0, 5, 1, .nan, 5, 2])
        #expect(ranking.order == [1, 4, 5, 2, 0, 3])
        let curve = try await RemovalCurve.deletion.curve(of: image, ranking, steps: 4, MeanScoring(count: 6))
        #expect(isClose(curve, [1, 4.0 / 6, 2.0 / 6, 0], within: 1e-6))
        #expect(abs(PixelRanking.area(under: curve) - 0.5) < 1e-6)
    }

    @Test func theDropIsPyTorchGradCAMs() async throws {
        let map = try #require(NormalizedMap(map))
        let change = try await ask { (image, scoring) throws(InterpretationError) in
            try await ConfidenceChange(of: image, map, scoring)
        }
        #expect(abs(change.before - expected.drop.before) < 1e-5)
        #expect(abs(change.after - expected.drop.after) < 1e-5)
        // Theirs is not divided by the probability before.
        #expect(abs(change.drop * change.before - expected.drop.drop) < 1e-5)
        #expect(!change.isIncrease)
        #expect(ConfidenceChange(before: 0.2, after: 0.3).drop == 0)
        #expect(ConfidenceChange(before: 0.2, after: 0.3).isIncrease)
    }

    /// Conjugate gradients stop at a ten-thousandth of the residual; a direct solver does not.
    @Test func roadIsPyTorchGradCAMsWithoutNoise() async throws {
        let values = map.values
        let road = try await ask { (image, scoring) throws(InterpretationError) in
            try await ROAD(of: image, values, noise: 0, scoring)
        }
        #expect(isClose(road.mostRelevantFirst, expected.road.most, within: 2e-3))
        #expect(isClose(road.leastRelevantFirst, expected.road.least, within: 2e-3))
        let combined = zip(expected.road.least, expected.road.most).reduce(0) { $0 + ($1.0 - $1.1) / 18 }
        #expect(abs(road.combined - combined) < 1e-3)
    }

    @Test func imputationContinuesAPlane() {
        // Each pixel of a slanted plane is the weighted mean of its neighbours.
        var values = (0..<64).map { Float($0 % 8) + 2 * Float($0 / 8) }
        let plane = values
        var removed = [Bool](repeating: false, count: 64)
        for pixel in [18, 19, 26, 27, 28] {
            removed[pixel] = true
            values[pixel] = -100
        }
        values.withUnsafeMutableBufferPointer { LinearImputation(removed: removed, width: 8).fill($0) }
        #expect(zip(values, plane).allSatisfy { abs($0 - $1) < 1e-2 })
        values.withUnsafeMutableBufferPointer {
            LinearImputation(removed: [Bool](repeating: true, count: 64), width: 8).fill($0)
        }
        #expect(values.allSatisfy { $0 == 0 })
    }

    @Test func infidelityIsCaptums() async throws {
        let reference = expected.infidelity
        func value(_ isNormalized: Bool) -> Double {
            Infidelity.value(
                foretold: reference.foretold, happened: reference.happened, isNormalized: isNormalized)
        }
        #expect(abs(value(false) / reference.plain - 1) < 1e-4)
        #expect(abs(value(true) / reference.normalized - 1) < 1e-4)
        let attribution = try Expected.tensor("attribution")
        let found = try await ask(isProbability: false) { (image, scoring) throws(InterpretationError) in
            try await Infidelity.ofSquares(image, attribution, .slopes, samples: 6, seed: 3, scoring)
        }
        let square = reference.happened.reduce(0) { $0 + $1 * $1 } / 6
        #expect(abs(found - reference.normalized / square) < 1e-3)
    }

    @Test func sharesOfALinearNetworkForetellAll() async throws {
        let values = (0..<64).map { Float($0 % 7) - 3 }
        let image = try Tensor(shape: Shape([1, 1, 8, 8]), values: values)
        let shares = try Tensor(shape: Shape([8, 8]), values: values.map { 5 * $0 })
        let found = try await Infidelity.ofSquares(image, shares, .shares, samples: 8, seed: 1, MeanScoring(count: 64))
        #expect(found < 1e-9)
        let wrong = try Tensor(shape: Shape([8, 8]), values: values.reversed())
        let other = try await Infidelity.ofSquares(image, wrong, .shares, samples: 8, seed: 1, MeanScoring(count: 64))
        #expect(other > 0.1)
    }

    @Test func sensitivityIsCaptums() async throws {
        let (network, image) = try Expected.petshop()
        let classIndex = expected.class
        let attributions = try await network.session.perform { (evaluator) throws(InterpretationError) in
            var found: [Tensor] = []
            for sample in -1..<6 {
                let input =
                    sample < 0 ? image : MaxSensitivity.perturbed(image, radius: 0.02, seed: 5, sample: sample)
                let question = Question(network: network, input: input, classIndex: classIndex)
                if let attribution = try await GradientSaliency().explain(question, on: evaluator).attribution {
                    found.append(attribution)
                }
            }
            return found
        }
        let value = try #require(MaxSensitivity.value(of: attributions[0], perturbed: Array(attributions.dropFirst())))
        #expect(abs(value / expected.sensitivity - 1) < 1e-3)
        #expect(MaxSensitivity.value(of: Tensor(shape: map.shape), perturbed: [map]) == nil)
    }

    @Test func sparsenessIsQuantus() throws {
        #expect(abs(try #require(Sparseness.gini(map.values)) - expected.gini) < 1e-6)
        #expect(try #require(Sparseness.gini([1, 1, 1, 1])) < 1e-9)
        #expect(try #require(Sparseness.gini([0, 0, 0, 1])) > 0.74)
        #expect(Sparseness.gini([1, .nan]) == nil)
    }
}
