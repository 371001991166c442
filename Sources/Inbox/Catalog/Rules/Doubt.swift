/// Whether a person should look at what was said of a photo: where the network does not look at the animal, or only partly,
/// where that could not be found out, where it can hardly tell two classes apart, where it saw a damaged picture, and where
/// the whole photo said something else than the part that decided.
package enum Doubt {
    /// The margin below which a decision is a toss-up, as the verdict's rule has it.
    package static let smallMargin = 0.2

    /// Reasons of an `undecided` that say nothing against the network: there is nothing to find in the photo, or nobody
    /// who could say where it is.
    private static let harmless: Set = ["background-label", "no-label-holds", "no-animal-network"]

    /// - Parameters:
    ///   - verdict: its word; nil where there is none.
    ///   - reasons: the verdict's.
    ///   - margin: 0…1; nil where the scores have none.
    ///   - isDamaged: whether a part of the picture is missing or may be wrong.
    ///   - isOfPart: whether a part that was looked at again decided.
    package static func exists(
        verdict: String?, reasons: [String], margin: Double?, isDamaged: Bool = false, isOfPart: Bool = false
    ) -> Bool {
        if isDamaged || isOfPart { return true }
        if let margin, margin < smallMargin { return true }
        switch verdict {
        case nil, "looks-at-animal": return false
        case "undecided": return !harmless.isSuperset(of: reasons)
        default: return true
        }
    }
}
