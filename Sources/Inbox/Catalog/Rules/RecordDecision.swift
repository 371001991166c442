/// What a rule says about one photo: how its record changes, and what the asker is told.
package struct RecordDecision<Answer: Sendable>: Sendable {
    package enum Change: Sendable, Hashable {
        case nothing
        /// The record becomes this one, or begins with it.
        case write(PhotoRecord)
        case remove
    }

    package let change: Change
    package let answer: Answer

    package init(_ change: Change, _ answer: Answer) {
        self.change = change
        self.answer = answer
    }
}
