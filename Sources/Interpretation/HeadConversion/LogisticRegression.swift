import Foundation

/// Softmax regression with an L2 penalty, fitted by L-BFGS (Nocedal and Wright, "Numerical Optimization", algorithm 7.4).
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

    /// Mean of −log p(label).
    func loss(_ examples: [[Double]], labels: [Int]) -> Double {
        objective(examples, labels: labels, penalty: 0, at: parameters).value
    }

    /// Runs to where the gradient vanishes; false where it did not get there.
    mutating func fit(_ examples: [[Double]], labels: [Int], penalty: Double) -> Bool {
        let memory = 12
        var steps: [(step: [Double], change: [Double], scale: Double)] = []
        var (value, gradient) = objective(examples, labels: labels, penalty: penalty, at: parameters)
        for _ in 0..<1000 {
            if length(gradient) < 1e-7 { return true }
            var direction = descent(gradient, steps)
            var slope = dot(direction, gradient)
            if slope >= 0 {
                // The memory has gone stale: start anew with steepest descent.
                steps.removeAll()
                direction = gradient.map { -$0 }
                slope = -dot(gradient, gradient)
            }
            // Backtracking; Armijo's condition.
            var factor = steps.isEmpty ? min(1, 1 / length(gradient)) : 1
            var next = parameters
            var reached = (value: value, gradient: gradient)
            while true {
                next = zip(parameters, direction).map { $0 + factor * $1 }
                reached = objective(examples, labels: labels, penalty: penalty, at: next)
                if reached.value <= value + 1e-4 * factor * slope { break }
                factor /= 2
                // Nothing left to gain in double precision.
                if factor < 1e-14 { return length(gradient) < 1e-5 }
            }
            let step = zip(next, parameters).map { $0 - $1 }
            let change = zip(reached.gradient, gradient).map { $0 - $1 }
            let curvature = dot(step, change)
            if curvature > 1e-16 {
                steps.append((step, change, 1 / curvature))
                if steps.count > memory { steps.removeFirst() }
            }
            (parameters, value, gradient) = (next, reached.value, reached.gradient)
        }
        return length(gradient) < 1e-5
    }

    /// −H⁻¹·gradient, H⁻¹ guessed from the last steps.
    private func descent(
        _ gradient: [Double], _ steps: [(step: [Double], change: [Double], scale: Double)]
    ) -> [Double] {
        var direction = gradient.map { -$0 }
        var shares: [Double] = []
        for (step, change, scale) in steps.reversed() {
            let share = scale * dot(step, direction)
            shares.append(share)
            for index in direction.indices { direction[index] -= share * change[index] }
        }
        if let last = steps.last {
            let factor = 1 / (last.scale * dot(last.change, last.change))
            for index in direction.indices { direction[index] *= factor }
        }
        for ((step, change, scale), share) in zip(steps, shares.reversed()) {
            let correction = share - scale * dot(change, direction)
            for index in direction.indices { direction[index] += correction * step[index] }
        }
        return direction
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

private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
}

private func length(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }
