import Tensors

extension Plan {
    /// The shortest time of every step by itself, forward and back, in `rounds` runs on numbers that mean nothing.
    ///
    /// On a busy machine a whole pass is hardly ever left alone, but each of its steps is once in a while.
    func shortestTimes(rounds: Int, now: () -> Duration) throws(ExecutionError) -> [Duration] {
        var shortest: [Duration] = []
        for round in 0..<max(rounds, 1) {
            loadPlaceholders()
            for index in steps.indices {
                loadPlaceholderSeed(at: index)
                let start = now()
                // Numbers that mean nothing may make indices that do not, which is no reason not to run the network.
                do { try execute(index..<index + 1) } catch .index {}
                let time = now() - start
                if round == 0 { shortest.append(time) } else { shortest[index] = min(shortest[index], time) }
            }
        }
        return shortest
    }

    /// What the whole list would take on `threads` threads, measured on one: kernels of our own use no more than that.
    func estimate(rounds: Int, threads: Int) throws(ExecutionError) -> Duration {
        zip(steps, try shortestTimes(rounds: rounds) { MeasuringClock.now }).reduce(.zero) { total, step in
            if case .kernel = step.0.action { total + step.1 } else { total + step.1 / threads }
        }
    }

    /// The shortest times with the names of what took them.
    func profile(rounds: Int) throws(ExecutionError) -> [StepTime] {
        let start = ContinuousClock.now
        let times = try shortestTimes(rounds: rounds) { ContinuousClock.now - start }
        return zip(steps, times).enumerated().map { index, step in
            StepTime(
                node: step.0.name, implementation: step.0.implementation, isBackward: index >= forwardEnd,
                milliseconds: step.1 / .milliseconds(1))
        }
    }

    /// Runs the network forward and tells how long each step took, by the name of its node: processor time of the
    /// calling thread, which hence should be the only one.
    func runTimed(_ tensors: [Tensor]) throws(ExecutionError) -> [(node: String, seconds: Double)] {
        load(tensors)
        var times: [(node: String, seconds: Double)] = []
        var start = MeasuringClock.seconds
        for index in 0..<forwardEnd {
            try execute(index..<index + 1)
            let end = MeasuringClock.seconds
            times.append((steps[index].name, end - start))
            start = end
        }
        return times
    }
}

extension Plan.CompiledStep {
    /// The library's name of the kernel; `own` for kernels of this module.
    fileprivate var implementation: String {
        switch action {
        case .primitive(let primitive, _, _): primitive.implementation
        case .kernel: "own"
        }
    }
}
