import Foundation
import Networks

/// What occlusion keeps of the scores of a hidden image: of each class asked about, its score and its log-odds.
///
/// Everything that is explained follows from them. Unlike a probability close to 0 or 1 both change almost in proportion to
/// what a window changes where that is little, so that errors are alike everywhere and can be interpolated.
struct ClassReadings {
    /// Without duplicates.
    private let classes: [Int]
    private let kind: OutputKind

    init(_ targets: [ScoreTarget], kind: OutputKind) {
        self.kind = kind
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

    /// s_c and log p_c/(1 − p_c) of each class; of raw numbers, which have no odds, the score twice.
    func values(of scores: [Float]) -> [Float] {
        classes.flatMap { wanted in
            [scores[wanted], min(kind.logOdds(of: wanted, scores) ?? scores[wanted], Self.certain(kind))]
        }
    }

    /// Those of the values that the target is made of.
    func parts(of target: ScoreTarget) -> [Int] {
        [target.classIndex, target.against].compactMap { $0 }.map { position($0) + (target.isProbability ? 1 : 0) }
    }

    func score(of classIndex: Int, in values: [Float]) -> Float { values[position(classIndex)] }

    /// The probability; of raw numbers the score.
    func probability(of classIndex: Int, in values: [Float]) -> Float {
        let reading = values[position(classIndex) + 1]
        return kind.hasProbabilities ? 1 / (1 + exp(-reading)) : reading
    }

    /// What `ScoreTarget.value(of:)` says of the scores.
    func value(of target: ScoreTarget, in values: [Float]) -> Float {
        func number(_ classIndex: Int) -> Float {
            target.isProbability ? probability(of: classIndex, in: values) : score(of: classIndex, in: values)
        }
        return number(target.classIndex) - (target.against.map(number) ?? 0)
    }

    private func position(_ classIndex: Int) -> Int { 2 * (classes.firstIndex(of: classIndex) ?? 0) }

    /// Log-odds of the only one of exclusive classes: its probability is 1.
    private static func certain(_ kind: OutputKind) -> Float { kind == .exclusive ? 40 : .infinity }
}
