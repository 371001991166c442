/// What a box has to do with the decision, as older readers of the document know it: the class's probability with the box
/// hidden, with as much hidden elsewhere, and with nothing but the box visible. What decides is the ``Verdict``.
public struct Evidence: Sendable, Hashable {
    public enum Word: String, Sendable, Hashable {
        case decidesOnBox = "decides-on-box"
        case decidesPartly = "decides-partly"
        case decidesElsewhere = "decides-elsewhere"
    }

    /// Of the class, nothing hidden, 0…1.
    public let probability: Double
    public let box: Counterfactuals.BoxReadings
    public let word: Word

    public init(probability: Double, box: Counterfactuals.BoxReadings, verdict: Verdict.Word) {
        self.probability = probability
        self.box = box
        word = Word(verdict)
    }

    /// "Hiding the box: dog 99 % → 8 %. Hiding as much elsewhere: 99 %."
    public func sentence(label: String) -> String {
        func percent(_ share: Double) -> String { "\(Int((100 * min(max(share, 0), 1)).rounded())) %" }
        let hidden = "Hiding the box: \(label) \(percent(probability)) → \(percent(box.hidden)). "
        guard let elsewhere = box.elsewhere else {
            return hidden + "The rest of the photo is smaller than the box, so as much could not be hidden there."
        }
        return hidden + "Hiding as much elsewhere: \(percent(elsewhere))."
    }
}
