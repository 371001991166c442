package import Execution
package import Interpretation
import Networks

/// Asks for a class's number of many changed images.
package protocol ImageScoring {
    /// - Parameters:
    ///   - count: of images.
    ///   - write: puts image `index` [C,H,W] where it is told to; the memory holds some other image before.
    /// - Returns: one number an image.
    func numbers(
        _ count: Int, write: (_ index: Int, _ image: UnsafeMutableBufferPointer<Float>) -> Void
    ) async throws(InterpretationError) -> [Double]
}

/// The class's probability, or its score, by a network. Of raw numbers always the score.
package struct NetworkScoring: ImageScoring {
    private let question: Question
    private let evaluator: Evaluator
    private let classIndex: Int
    private let isProbability: Bool

    /// - Parameter question: whose input has the images' shape; images are batched within its memory budget.
    package init(_ question: Question, classIndex: Int, isProbability: Bool, on evaluator: Evaluator) {
        self.question = question
        self.evaluator = evaluator
        self.classIndex = classIndex
        self.isProbability = isProbability
    }

    package func numbers(
        _ count: Int, write: (_ index: Int, _ image: UnsafeMutableBufferPointer<Float>) -> Void
    ) async throws(InterpretationError) -> [Double] {
        let kind = question.network.kind
        var numbers: [Double] = []
        try await BatchedPasses(question: question, evaluator: evaluator).run(count, write: write) {
            (pass, variants) throws(InterpretationError) in
            for scores in pass.batchScores.prefix(variants.count) {
                guard scores.indices.contains(classIndex) else {
                    throw .classOutOfRange(classIndex, count: scores.count)
                }
                let probability = isProbability ? kind.probability(of: classIndex, scores) : nil
                numbers.append(Double(probability ?? scores[classIndex]))
            }
        }
        return numbers
    }
}
