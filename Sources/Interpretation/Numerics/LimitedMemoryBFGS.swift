/// Finds where a smooth function is lowest, by L-BFGS (Nocedal and Wright, "Numerical Optimization", algorithm 7.4) with
/// backtracking to Armijo's condition.
package enum LimitedMemoryBFGS {
    /// Steps that the curvature is guessed from.
    private static let memory = 12
    private static let mostSteps = 1000

    /// - Parameters:
    ///   - start: where to begin.
    ///   - objective: the function's value and its gradient at a place.
    /// - Returns: the place, and whether the gradient vanishes there.
    package static func minimum(
        from start: [Double], of objective: ([Double]) -> (value: Double, gradient: [Double])
    ) -> (place: [Double], isReached: Bool) {
        var steps: [(step: [Double], change: [Double], scale: Double)] = []
        var place = start
        var (value, gradient) = objective(place)
        for _ in 0..<mostSteps {
            if length(gradient) < 1e-7 { return (place, true) }
            var direction = descent(gradient, steps)
            var slope = dot(direction, gradient)
            if slope >= 0 {
                // The memory has gone stale: start anew with steepest descent.
                steps.removeAll()
                direction = gradient.map { -$0 }
                slope = -dot(gradient, gradient)
            }
            var factor = steps.isEmpty ? min(1, 1 / length(gradient)) : 1
            var next = place
            var reached = (value: value, gradient: gradient)
            while true {
                next = zip(place, direction).map { $0 + factor * $1 }
                reached = objective(next)
                if reached.value <= value + 1e-4 * factor * slope { break }
                factor /= 2
                // Nothing left to gain in double precision.
                if factor < 1e-14 { return (place, length(gradient) < 1e-5) }
            }
            let step = zip(next, place).map { $0 - $1 }
            let change = zip(reached.gradient, gradient).map { $0 - $1 }
            let curvature = dot(step, change)
            if curvature > 1e-16 {
                steps.append((step, change, 1 / curvature))
                if steps.count > memory { steps.removeFirst() }
            }
            (place, value, gradient) = (next, reached.value, reached.gradient)
        }
        return (place, length(gradient) < 1e-5)
    }

    /// −H⁻¹·gradient, H⁻¹ guessed from the last steps.
    private static func descent(
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

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }

    private static func length(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }
}
