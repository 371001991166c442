import Foundation
public import Networks

/// A scaling of scores, fitted to photos, and how good it is on photos that it was not fitted to: each half of them is judged
/// by what was fitted to the other half.
public struct CalibrationTrial: Sendable {
    /// A probability, and whether it came true.
    public struct Judged: Sendable {
        public let probability: Double
        public let isRight: Bool
    }

    /// Fitted to all photos.
    public let scaling: ScoreScaling
    /// Of each photo, as the network gives it: the most probable class, or each independent label.
    public let before: [[Judged]]
    public let after: [[Judged]]
    /// Mean of −log p(truth).
    public let lossBefore: Double
    public let lossAfter: Double
    /// Labels whose photos do not tell how they should be scaled; they stay as they are.
    public let untouched: [Int]

    /// So many photos a class make vector scaling worth a try: it has two numbers a class.
    public static let vectorPhotos = 50

    /// Of exclusive classes. Vector scaling is taken where there are enough photos of each class and it does better than
    /// a temperature on the photos that it was not fitted to.
    ///
    /// - Parameters:
    ///   - scores: of each photo [classes], before softmax.
    ///   - truth: of each photo, its class.
    /// - Returns: nil where no temperature can be fitted, see ``ScoreScaling/fitted(_:truth:form:)``.
    public static func ofClasses(_ scores: [[Float]], truth: [Int]) -> CalibrationTrial? {
        let counts = Dictionary(grouping: truth) { $0 }.mapValues(\.count)
        let isLarge = counts.count == scores.first?.count && counts.values.allSatisfy { $0 >= vectorPhotos }
        let forms: [ScoreScaling.Form] = isLarge ? [.temperature, .vector] : [.temperature]
        return forms.compactMap { trial(scores, truth: truth, $0) }.min { $0.lossAfter < $1.lossAfter }
    }

    private static func trial(_ scores: [[Float]], truth: [Int], _ form: ScoreScaling.Form) -> CalibrationTrial? {
        let half = halves(truth)
        func fitted(_ isIn: (Int) -> Bool) -> ScoreScaling? {
            let photos = truth.indices.filter(isIn)
            return ScoreScaling.fitted(photos.map { scores[$0] }, truth: photos.map { truth[$0] }, form: form)
        }
        guard let scaling = fitted({ _ in true }), let first = fitted({ half[$0] == 1 }),
            let second = fitted({ half[$0] == 0 })
        else { return nil }
        let scaled = truth.indices.map { (half[$0] == 0 ? first : second)(scores[$0]) }
        let (before, lossBefore) = judged(scores, truth)
        let (after, lossAfter) = judged(scaled, truth)
        return CalibrationTrial(
            scaling: scaling, before: before, after: after, lossBefore: lossBefore, lossAfter: lossAfter, untouched: [])
    }

    private static func judged(_ scores: [[Float]], _ truth: [Int]) -> ([[Judged]], loss: Double) {
        var loss = 0.0
        let judged = zip(scores, truth).map { scores, truth in
            let probabilities = softmax(scores)
            let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
            loss -= log(Double(max(probabilities[truth], .leastNormalMagnitude)))
            return [Judged(probability: Double(probabilities[best]), isRight: best == truth)]
        }
        return (judged, loss / Double(max(truth.count, 1)))
    }

    /// Of independent labels, each by itself.
    ///
    /// - Parameters:
    ///   - scores: of each photo [labels], before the sigmoid.
    ///   - truth: of each photo, the labels that hold.
    ///   - isBinary: whether the first of two labels is that the second does not hold.
    /// - Returns: nil where no label can be fitted.
    public static func ofLabels(_ scores: [[Float]], truth: [Set<Int>], isBinary: Bool) -> CalibrationTrial? {
        guard let count = scores.first?.count else { return nil }
        var scale = [Double](repeating: 1, count: count), shift = [Double](repeating: 0, count: count)
        var scaled = scores
        var untouched: [Int] = []
        for label in isBinary ? 1..<2 : 0..<count {
            let (own, holds) = (scores.map { $0[label] }, truth.map { $0.contains(label) })
            let half = halves(holds.map { $0 ? 1 : 0 })
            func fitted(_ isIn: (Int) -> Bool) -> ScoreScaling? {
                let photos = own.indices.filter(isIn)
                return ScoreScaling.fitted(photos.map { own[$0] }, holds: photos.map { holds[$0] })
            }
            guard let all = fitted({ _ in true }), let first = fitted({ half[$0] == 1 }),
                let second = fitted({ half[$0] == 0 })
            else {
                untouched.append(label)
                continue
            }
            (scale[label], shift[label]) = (all.scale[0], all.shift[0])
            for photo in own.indices { scaled[photo][label] = (half[photo] == 0 ? first : second)([own[photo]])[0] }
        }
        if isBinary {
            (scale[0], shift[0]) = (scale[1], -shift[1])
            for photo in scaled.indices { scaled[photo][0] = -scaled[photo][1] }
        }
        guard untouched.count < (isBinary ? 1 : count) else { return nil }
        let (before, lossBefore) = judged(scores, truth)
        let (after, lossAfter) = judged(scaled, truth)
        return CalibrationTrial(
            scaling: ScoreScaling(scale: scale, shift: shift), before: before, after: after, lossBefore: lossBefore,
            lossAfter: lossAfter, untouched: untouched)
    }

    private static func judged(_ scores: [[Float]], _ truth: [Set<Int>]) -> ([[Judged]], loss: Double) {
        var loss = 0.0
        let judged = zip(scores, truth).map { scores, truth in
            scores.indices.map { label in
                let (probability, holds) = (Double(sigmoid(scores[label])), truth.contains(label))
                loss -= log(max(holds ? probability : 1 - probability, .leastNormalMagnitude)) / Double(scores.count)
                return Judged(probability: probability, isRight: holds)
            }
        }
        return (judged, loss / Double(max(truth.count, 1)))
    }

    /// 0 or 1 of each photo, by turns among those of a class.
    private static func halves(_ classes: [Int]) -> [Int] {
        var seen: [Int: Int] = [:]
        return classes.map { label in
            let number = seen[label, default: 0]
            seen[label] = number + 1
            return number % 2
        }
    }
}
