import Execution
import Interpretation
import Photos

extension LoadedModel {
    /// What a method that somebody named says of a photo, with its usual parameters.
    ///
    /// - Parameters:
    ///   - prepared: for this network.
    ///   - classIndex: the class to explain; the most probable one where nil.
    ///   - progress: told the fraction done, 0…1.
    /// - Throws: `InterpretationError`.
    func explanation(
        of prepared: PreparedPhoto, by method: any InterpretationMethod, classIndex: Int?,
        progress: @escaping @Sendable (Double) -> Void
    ) async throws -> Explanation {
        let question = Question(
            network: network, input: prepared.input.tensor, classIndex: classIndex,
            normalization: preprocessor?.normalization, progress: progress)
        return try await network.session.perform(as: .longQuestion) { (evaluator) throws(InterpretationError) in
            try await method.explain(question, on: evaluator)
        }
    }
}
