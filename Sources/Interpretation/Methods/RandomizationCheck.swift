/// What becomes of a method's maps when a network's weights are replaced by random ones (Adebayo et al. 2018, "Sanity Checks
/// for Saliency Maps", arXiv:1810.03292): a map that stays the same does not show what the network has learned.
public struct RandomizationCheck: Sendable, Hashable {
    public enum Verdict: String, Sendable, CaseIterable {
        case passes = "passes"
        /// Some of the map goes, some stays.
        case partly = "passes in part"
        case fails = "FAILS"
        /// The network that the check is run on lacks what the method needs.
        case unmeasured = "not measured"
    }

    public let verdict: Verdict
    /// The authors who found it; nil where none is known to us, and the verdict is of our own measurement alone.
    public let paper: String?
    /// Our own measurement: the rank correlation of the maps' magnitudes before and after the upper half of the layers of
    /// petshop's first edition was made random, from −1 to 1, by `Conformance/randomization.py`;
    /// `Documentation/RandomizationCheck.md` has all of it. Nil where the verdict is that there is none.
    public let correlation: Double?
    /// What has to be said of the measurement.
    public let remark: String?

    public init(_ verdict: Verdict, paper: String?, correlation: Double?, remark: String? = nil) {
        self.verdict = verdict
        self.paper = paper
        self.correlation = correlation
        self.remark = remark
    }

    /// For reading.
    public var sentence: String {
        guard let correlation else {
            return "\(verdict.rawValue): petshop's first edition, which the check is run on, has no attention"
        }
        let source = paper ?? "no paper known to us has run it, so by our own measurement"
        // Two decimals, as in the table.
        let hundredths = Int((abs(correlation) * 100).rounded())
        let number = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        return
            "\(verdict.rawValue): \(source); measured here: its map of petshop's first edition with the upper half "
            + "of the layers random has the rank correlation \(correlation < 0 && hundredths > 0 ? "-" : "")\(number) with the true one (plain "
            + "gradient 0.29)" + (remark.map { "; \($0)" } ?? "")
    }
}
