import Execution
import Interpretation
import Networks
import Tensors

/// An image with a part hidden.
struct HiddenPart {
    let mask: PixelMask
    let filling: Filling

    /// Images are shown to the network so many at a time, the last batch filled up with zeros: one size, so that one plan
    /// serves all.
    static let batchSize = 4

    /// The class's probability with each part hidden. Between two batches the session may be another's.
    ///
    /// - Parameter input: [1,C,H,W], normalized.
    static func probabilities(
        _ parts: [HiddenPart], of input: Tensor, classIndex: Int, _ network: Network, on evaluator: Evaluator
    ) async throws(LocalizationError) -> [Double] {
        let size = network.takesBatches ? batchSize : 1
        var probabilities: [Double] = []
        var batch: Tensor
        do { batch = Tensor(shape: try Shape([size] + input.shape.dimensions.dropFirst())) } catch {
            throw .sizeMismatch("\(error)")
        }
        for start in stride(from: 0, to: parts.count, by: size) {
            if Task.isCancelled { throw .interpretation(.cancelled) }
            for item in 0..<size {
                let range = item * input.count..<(item + 1) * input.count
                guard start + item < parts.count else {
                    batch.withUnsafeMutableValues { $0[range].update(repeating: 0) }
                    continue
                }
                let part = parts[start + item]
                try part.filling.fill(input, part.mask) { filled in
                    batch.withUnsafeMutableValues { values in
                        _ = UnsafeMutableBufferPointer(rebasing: values[range]).update(fromContentsOf: filled)
                    }
                }
            }
            do {
                let pass = try ClassificationPass(network, batch, on: evaluator)
                let resolved = try pass.resolve(classIndex)
                probabilities += pass.batchScores.prefix(parts.count - start).compactMap { scores in
                    pass.kind.probability(of: resolved, scores).map(Double.init)
                }
            } catch {
                throw .interpretation(error)
            }
            await evaluator.endPiece()
        }
        return probabilities
    }
}
