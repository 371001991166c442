package import Execution
package import Networks
import Tensors

/// Many variants of one image through a classifier, in batches that keep to a memory budget. Each batch is a piece of
/// work: between two of them the session may be another's.
package struct BatchedPasses {
    let question: Question
    let evaluator: Evaluator
    var derivatives: [(targets: [ValueID], rule: BackwardRule)] = []

    package init(
        question: Question, evaluator: Evaluator, derivatives: [(targets: [ValueID], rule: BackwardRule)] = []
    ) {
        self.question = question
        self.evaluator = evaluator
        self.derivatives = derivatives
    }

    /// More than this many images at once gain nothing on a CPU.
    private static let largestBatch = 16

    /// Runs variants 0..<`count`.
    ///
    /// - Parameters:
    ///   - write: puts variant `index` [C,H,W] where it is told to; the memory holds some other variant before.
    ///   - read: looks at a pass; its items 0… are the variants of the range. A pass may hold more items than that.
    package func run(
        _ count: Int, write: (_ index: Int, _ image: UnsafeMutableBufferPointer<Float>) -> Void,
        read: (_ pass: ClassificationPass, _ variants: Range<Int>) throws(InterpretationError) -> Void
    ) async throws(InterpretationError) {
        let limit = try batchLimit()
        // Batches of equal size share a plan; what is left over is spread instead of making a small one.
        let batches = (count + limit - 1) / limit
        let size = (count + batches - 1) / batches
        let image = question.input.count
        var batch: Tensor
        do {
            batch = Tensor(shape: try Shape([size] + question.input.shape.dimensions.dropFirst()))
        } catch {
            throw .badParameter("\(error)")
        }
        for start in stride(from: 0, to: count, by: size) {
            if Task.isCancelled { throw .cancelled }
            question.progress?(Double(start) / Double(count))
            let variants = start..<min(start + size, count)
            batch.withUnsafeMutableValues { values in
                for (item, variant) in variants.enumerated() {
                    let slice = UnsafeMutableBufferPointer(rebasing: values[item * image..<(item + 1) * image])
                    write(variant, slice)
                }
            }
            let pass = try ClassificationPass(question.network, batch, on: evaluator, derivatives: derivatives)
            try read(pass, variants)
            await evaluator.endPiece()
        }
        question.progress?(1)
    }

    /// As many as fit into the budget; one where the network takes no batches.
    private func batchLimit() throws(InterpretationError) -> Int {
        guard let classifier = question.network.classifier else { throw .notAClassifier }
        guard question.network.takesBatches else { return 1 }
        let wanted = derivatives.map { derivative in
            Derivative(of: classifier.scores, withRespectTo: derivative.targets, rule: derivative.rule)
        }
        do {
            let bytes = try evaluator.planBytes(inputShapes: [question.input.shape], derivatives: wanted)
            return min(max(question.memoryBudget / max(bytes, 1), 1), Self.largestBatch)
        } catch {
            throw .execution(error)
        }
    }
}
