import Foundation

/// Softmax regression with an L2 penalty, fitted by ``LimitedMemoryBFGS``.
///
/// The objective is the mean loss plus λ/2·‖W‖², biases left out. It is strictly convex but for the biases' common
/// offset, so there is one optimum to run to.
struct LogisticRegression {
    let classes: Int
    private let features: Int
    /// Per class: the weights, then the bias.
    private var parameters: [Double]

    init(features: Int, classes: Int) {
        self.features = features
        self.classes = classes
        parameters = [Double](repeating: 0, count: classes * (features + 1))
    }

    func weight(ofClass label: Int, feature: Int) -> Double { parameters[label * (features + 1) + feature] }
    func bias(ofClass label: Int) -> Double { parameters[label * (features + 1) + features] }

    /// The class with the highest score.
    func prediction(_ example: [Double]) -> Int {
        let scores = scores(example, parameters)
        return scores.indices.max { scores[$0] < scores[$1] } ?? 0
    }

    /// p of each class [classes].
    func probabilities(_ example: [Double]) -> [Double] {
        let scores = scores(example, parameters)
        let largest = scores.max() ?? 0
        let exponentials = scores.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// Mean of −log p(label).
    func loss(_ examples: [[Double]], labels: [Int]) -> Double {
        objective(examples, labels: labels, penalty: 0, at: parameters).value
    }

    /// Runs to where the gradient vanishes; false where it did not get there.
    mutating func fit(_ examples: [[Double]], labels: [Int], penalty: Double) -> Bool {
        let found = LimitedMemoryBFGS.minimum(from: parameters) { place in
            objective(examples, labels: labels, penalty: penalty, at: place)
        }
        parameters = found.place
        return found.isReached
    }

    private func objective(
        _ examples: [[Double]], labels: [Int], penalty: Double, at parameters: [Double]
    ) -> (value: Double, gradient: [Double]) {
        var value = 0.0
        var gradient = [Double](repeating: 0, count: parameters.count)
        let share = 1 / Double(max(examples.count, 1))
        for (example, label) in zip(examples, labels) {
            let scores = scores(example, parameters)
            let largest = scores.max() ?? 0
            let exponentials = scores.map { exp($0 - largest) }
            let sum = exponentials.reduce(0, +)
            value += share * (largest + log(sum) - scores[label])
            for index in 0..<classes {
                let error = share * (exponentials[index] / sum - (index == label ? 1 : 0))
                let start = index * (features + 1)
                for feature in 0..<features { gradient[start + feature] += error * example[feature] }
                gradient[start + features] += error
            }
        }
        for index in 0..<classes {
            for position in index * (features + 1)..<index * (features + 1) + features {
                value += penalty / 2 * parameters[position] * parameters[position]
                gradient[position] += penalty * parameters[position]
            }
        }
        return (value, gradient)
    }

    private func scores(_ example: [Double], _ parameters: [Double]) -> [Double] {
        (0..<classes).map { index in
            let start = index * (features + 1)
            return (0..<features).reduce(parameters[start + features]) { $0 + parameters[start + $1] * example[$1] }
        }
    }
}
