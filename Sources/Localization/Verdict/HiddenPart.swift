import Execution
import Interpretation
import Networks
import Tensors

/// An image with a part hidden.
struct HiddenPart: Sendable {
    let mask: PixelMask
    let filling: Filling

    /// What the network says of a class then.
    struct Reading {
        /// Before softmax or sigmoid.
        let score: Float
        /// 0…1.
        let probability: Double
    }

    /// Images are shown to the network so many at a time, or all where there are fewer; the last batch is filled up with
    /// zeros. So one plan serves all of a verdict, and what is asked of a box alone has one of its own.
    static let batchSize = 4

    /// What the network says of the class with each part hidden. While it looks at one batch the next is filled, and between
    /// two batches the session may be another's.
    ///
    /// - Parameter input: [1,C,H,W], normalized.
    static func readings(
        _ parts: [HiddenPart], of input: Tensor, classIndex: Int, _ network: Network, on evaluator: Evaluator
    ) async throws(LocalizationError) -> [Reading] {
        let size = network.takesBatches ? min(batchSize, max(parts.count, 1)) : 1
        var readings: [Reading] = []
        var shown = try batch(parts.prefix(size), of: input, size).get()
        for start in stride(from: 0, to: parts.count, by: size) {
            if Task.isCancelled { throw .interpretation(.cancelled) }
            // Not on the session's thread, which is busy meanwhile.
            let rest = parts.dropFirst(start + size)
            let next =
                rest.isEmpty
                ? nil
                : Task(executorPreference: globalConcurrentExecutor) {
                    batch(rest.prefix(size), of: input, size)
                }
            do {
                let pass = try ClassificationPass(network, shown, on: evaluator)
                let resolved = try pass.resolve(classIndex)
                readings += pass.batchScores.prefix(parts.count - start).compactMap { scores in
                    pass.kind.probability(of: resolved, scores).map {
                        Reading(score: scores[resolved], probability: Double($0))
                    }
                }
            } catch {
                throw .interpretation(error)
            }
            if let next { shown = try await next.value.get() }
            await evaluator.endPiece()
        }
        return readings
    }

    /// The image with each part hidden, [`size`,C,H,W].
    private static func batch(
        _ parts: ArraySlice<HiddenPart>, of input: Tensor, _ size: Int
    ) -> Result<Tensor, LocalizationError> {
        guard let shape = try? Shape([size] + input.shape.dimensions.dropFirst()) else {
            return .failure(.sizeMismatch("\(size) images of shape \(input.shape) are too many"))
        }
        var batch = Tensor(shape: shape)
        for (item, part) in parts.enumerated() {
            let range = item * input.count..<(item + 1) * input.count
            do throws(LocalizationError) {
                try part.filling.fill(input, part.mask) { filled in
                    batch.withUnsafeMutableValues { values in
                        _ = UnsafeMutableBufferPointer(rebasing: values[range]).update(fromContentsOf: filled)
                    }
                }
            } catch {
                return .failure(error)
            }
        }
        return .success(batch)
    }
}
