/// How soon an asker wants its turn at a session.
///
/// An asker's turn is due when its patience is over; whoever is due first comes next. So the more urgent go first, and
/// nobody starves: an asker waits for those at most that came before its own time was up.
public enum Urgency: Sendable, Hashable, CaseIterable {
    /// A photo that has just come into the inbox.
    case freshPhoto
    /// A person waits for the answer, which takes a piece or two.
    case question
    /// One photo of many that are looked at because somebody wants all of them looked at.
    case archivePhoto
    /// A question of many pieces, or one that nobody waits for.
    case longQuestion

    /// How long it can wait without harm, beside others that wait as well.
    package var patience: Duration {
        switch self {
        case .freshPhoto: .zero
        case .question: .milliseconds(50)
        case .archivePhoto: .milliseconds(300)
        case .longQuestion: .seconds(1)
        }
    }
}
