import Execution
import Inbox
import Interpretation

/// Who asks a network about a photo: how soon a turn is wanted, and what is noted while the network computes.
package struct Asker: Sendable {
    let urgency: Urgency
    /// Nil where nobody is to blame.
    private let computing: ComputingMark?

    /// A person who waits for an answer.
    package static let person = Asker(.question)

    init(_ urgency: Urgency, computing: ComputingMark? = nil) {
        self.urgency = urgency
        self.computing = computing
    }

    /// Runs what is computed without a network, with the mark set.
    func during<R, E: Error>(_ body: () throws(E) -> R) async throws(E) -> R {
        guard let computing else { return try body() }
        return try await computing.during { () throws(E) in try body() }
    }

    /// Runs `body` on the network's session when its turn comes. The mark is set from then on: a photo that waits for
    /// its turn is not to blame for what ends the daemon.
    func perform<R: Sendable, E: Error>(
        on model: LoadedModel, _ body: @Sendable (Evaluator) async throws(E) -> R
    ) async throws(E) -> R {
        try await model.network.session.perform(as: urgency) { (evaluator) throws(E) in
            guard let computing else { return try await body(evaluator) }
            return try await computing.during { () throws(E) in try await body(evaluator) }
        }
    }
}
