import Foundation
import Interpretation
public import Networks

/// Fitted to the lowest mean negative log-likelihood, which is convex in scales and shifts.
extension ScoreScaling {
    /// What is fitted.
    public enum Form: Sendable, Hashable {
        case temperature
        case vector
    }

    /// - Parameters:
    ///   - scores: of each photo [classes], before softmax.
    ///   - truth: of each photo, its class.
    /// - Returns: nil where no positive scale makes the truth likelier, or where the fit has no end: scores that separate
    ///   the classes without a mistake are likelier the larger they are.
    public static func fitted(_ scores: [[Float]], truth: [Int], form: Form) -> ScoreScaling? {
        guard let classes = scores.first?.count, !truth.isEmpty else { return nil }
        let start =
            form == .temperature
            ? [1.0] : [Double](repeating: 1, count: classes) + [Double](repeating: 0, count: classes)
        let found = LimitedMemoryBFGS.minimum(from: start) { place in
            loss(scores, truth: truth, classes: classes, at: place)
        }
        guard let scaling = accepted(found, classes: classes) else { return nil }
        let isSeparated = zip(scores, truth).allSatisfy { scores, truth in
            let scaled = scaling(scores)
            return scaled.indices.allSatisfy { $0 == truth || scaled[$0] < scaled[truth] }
        }
        return isSeparated ? nil : scaling
    }

    /// The same of one independent label.
    ///
    /// - Parameters:
    ///   - scores: of each photo, before the sigmoid.
    ///   - holds: whether the label does, of each photo.
    public static func fitted(_ scores: [Float], holds: [Bool]) -> ScoreScaling? {
        guard holds.contains(true), holds.contains(false) else { return nil }
        let found = LimitedMemoryBFGS.minimum(from: [1, 0]) { place in
            var (value, slope, offset) = (0.0, 0.0, 0.0)
            let share = 1 / Double(scores.count)
            for (score, holds) in zip(scores, holds) {
                let z = place[0] * Double(score) + place[1]
                // log(1 + exp z) without overflow.
                value += share * (max(z, 0) + log1p(exp(-abs(z))) - (holds ? z : 0))
                let error = share * (1 / (1 + exp(-z)) - (holds ? 1 : 0))
                slope += error * Double(score)
                offset += error
            }
            return (value, [slope, offset])
        }
        guard let scaling = accepted(found, classes: 1) else { return nil }
        let isSeparated = zip(scores, holds).allSatisfy { score, holds in (scaling([score])[0] > 0) == holds }
        return isSeparated ? nil : scaling
    }

    /// Mean of −log p(truth), and its exact gradient: one number for a temperature, scales and then shifts for a vector.
    package static func loss(
        _ scores: [[Float]], truth: [Int], classes: Int, at place: [Double]
    ) -> (value: Double, gradient: [Double]) {
        let isVector = place.count > 1
        var value = 0.0
        var gradient = [Double](repeating: 0, count: place.count)
        let share = 1 / Double(scores.count)
        for (scores, truth) in zip(scores, truth) {
            let scaled = scores.indices.map { index in
                place[isVector ? index : 0] * Double(scores[index]) + (isVector ? place[classes + index] : 0)
            }
            let largest = scaled.max() ?? 0
            let exponentials = scaled.map { exp($0 - largest) }
            let sum = exponentials.reduce(0, +)
            value += share * (largest + log(sum) - scaled[truth])
            for index in scores.indices {
                let error = share * (exponentials[index] / sum - (index == truth ? 1 : 0))
                gradient[isVector ? index : 0] += error * Double(scores[index])
                if isVector { gradient[classes + index] += error }
            }
        }
        return (value, gradient)
    }

    private static func accepted(_ found: (place: [Double], isReached: Bool), classes: Int) -> ScoreScaling? {
        let count = found.place.count == 1 ? 1 : classes
        let (scale, shift) = (Array(found.place.prefix(count)), Array(found.place.dropFirst(count)))
        guard found.isReached, scale.allSatisfy(scales.contains), shift.allSatisfy(\.isFinite) else { return nil }
        return ScoreScaling(scale: scale, shift: shift)
    }
}
