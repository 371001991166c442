import Foundation

/// What occlusion keeps of the scores of a hidden image: of each class asked about, its score and its log-odds.
///
/// Everything that is explained follows from them. Unlike a probability close to 0 or 1 both change almost in proportion to
/// what a window changes where that is little, so that errors are alike everywhere and can be interpolated.
struct ClassReadings {
    /// Without duplicates.
    private let classes: [Int]

    init(_ targets: [ScoreTarget]) {
        var classes: [Int] = []
        for target in targets {
            for wanted in [target.classIndex, target.against] {
                if let wanted, !classes.contains(wanted) { classes.append(wanted) }
            }
        }
        self.classes = classes
    }

    /// Values of an image: a score and a log-odds for each class.
    var count: Int { 2 * classes.count }

    /// s_c and log p_c/(1 − p_c) = s_c − log Σ_{j≠c} exp s_j of each class.
    func values(of scores: [Float]) -> [Float] {
        classes.flatMap { wanted in
            [scores[wanted], scores.count > 1 ? scores[wanted] - logSum(scores, without: wanted) : Self.certain]
        }
    }

    /// Those of the values that the target is made of.
    func parts(of target: ScoreTarget) -> [Int] {
        [target.classIndex, target.against].compactMap { $0 }.map { position($0) + (target.isProbability ? 1 : 0) }
    }

    func score(of classIndex: Int, in values: [Float]) -> Float { values[position(classIndex)] }

    func probability(of classIndex: Int, in values: [Float]) -> Float {
        1 / (1 + exp(-values[position(classIndex) + 1]))
    }

    /// What `ScoreTarget.value(of:)` says of the scores.
    func value(of target: ScoreTarget, in values: [Float]) -> Float {
        func number(_ classIndex: Int) -> Float {
            target.isProbability ? probability(of: classIndex, in: values) : score(of: classIndex, in: values)
        }
        return number(target.classIndex) - (target.against.map(number) ?? 0)
    }

    private func position(_ classIndex: Int) -> Int { 2 * (classes.firstIndex(of: classIndex) ?? 0) }

    private func logSum(_ scores: [Float], without left: Int) -> Float {
        let largest = scores.indices.reduce(-Float.infinity) { $1 == left ? $0 : max($0, scores[$1]) }
        return largest
            + log(scores.indices.reduce(Float(0)) { $1 == left ? $0 : $0 + exp(scores[$1] - largest) })
    }

    /// Log-odds of the only class there is: its probability is 1.
    private static let certain: Float = 40
}
