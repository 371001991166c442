import Evaluation
import Execution
import Interpretation
import Networks
import Photos
import Tensors
import WireProtocol

/// Measures one explanation without knowing what is true.
struct FaithfulnessMeter: Sendable {
    let measures: [FaithfulnessMeasure]
    let steps: Int
    let samples: Int
    let seed: UInt64

    /// What was asked, and what was answered.
    struct Subject {
        let method: any InterpretationMethod
        let question: Question
        let explanation: Explanation
    }

    /// Runs on the session's thread.
    ///
    /// - Returns: the measures by name; one that is not defined for this map is left out.
    func measure(
        _ subject: Subject, on evaluator: Evaluator
    ) async throws(InterpretationError) -> [String: Double] {
        guard !measures.isEmpty else { return [:] }
        let image = subject.question.input
        let placed: Tensor
        do {
            placed = try Resampling.bilinear(
                map: subject.explanation.picture, toWidth: image.shape[3], height: image.shape[2])
        } catch {
            throw .badParameter("the map cannot be brought to the size of the input: \(error)")
        }
        guard let map = NormalizedMap(placed) else { return [:] }
        let classIndex = subject.explanation.classIndex
        func scoring(isProbability: Bool) -> NetworkScoring {
            NetworkScoring(subject.question, classIndex: classIndex, isProbability: isProbability, on: evaluator)
        }
        let ranking = PixelRanking(placed.values)
        var found: [String: Double] = [:]
        var change: ConfidenceChange?
        for measure in measures {
            let value: Double?
            switch measure {
            case .deletion, .insertion:
                let curve = measure == .deletion ? RemovalCurve.deletion : .insertion
                value = PixelRanking.area(
                    under: try await curve.curve(of: image, ranking, steps: steps, scoring(isProbability: true)))
            case .drop, .increase:
                let known: ConfidenceChange
                if let change {
                    known = change
                } else {
                    known = try await ConfidenceChange(of: image, map, scoring(isProbability: true))
                }
                change = known
                value = measure == .drop ? known.drop : known.isIncrease ? 1 : 0
            case .road:
                value = try await ROAD(of: image, placed.values, seed: seed, scoring(isProbability: true)).combined
            case .infidelity:
                // What is explained is the score; of a probability it would be another thing.
                let attribution = subject.explanation.attribution
                value = try await Infidelity.ofSquares(
                    image, attribution ?? placed,
                    attribution != nil && subject.method.attributesSlopes ? .slopes : .shares, samples: samples,
                    seed: seed, scoring(isProbability: false))
            case .sensitivity:
                value = try await sensitivity(subject, on: evaluator)
            case .sparseness:
                value = Sparseness.gini(placed.values)
            }
            if let value, value.isFinite { found[measure.rawValue] = value }
        }
        return found
    }

    private func sensitivity(
        _ subject: Subject, on evaluator: Evaluator
    ) async throws(InterpretationError) -> Double? {
        func values(_ explanation: Explanation) -> Tensor { explanation.attribution ?? explanation.map }
        var perturbed: [Tensor] = []
        for sample in 0..<samples {
            var question = subject.question
            question = question.asking(
                of: MaxSensitivity.perturbed(question.input, seed: seed, sample: sample),
                classIndex: subject.explanation.classIndex)
            perturbed.append(values(try await subject.method.explain(question, on: evaluator)))
            await evaluator.endPiece()
        }
        return MaxSensitivity.value(of: values(subject.explanation), perturbed: perturbed)
    }
}

extension Question {
    /// The same of another image of the same shape, and of a class.
    fileprivate func asking(of input: Tensor, classIndex: Int) -> Question {
        Question(
            network: network, input: input, classIndex: classIndex, parameters: parameters,
            normalization: normalization, memoryBudget: memoryBudget)
    }
}
