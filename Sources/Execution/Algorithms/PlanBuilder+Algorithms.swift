import CDNN
import Networks

extension PlanBuilder {
    /// The problem compiled by the algorithm that the plan's choice settles on.
    func compiled(
        _ problem: ConvolutionProblem, for node: Node
    ) throws(ExecutionError) -> ConvolutionProblem.Compiled {
        try check(node) { () throws(KernelStatus) in
            switch algorithms {
            case .standard:
                return try problem.compiled(by: .standard, on: engine)
            case .preferring, .byLayer:
                return try compiled(problem, preferring: preferredAlgorithm(for: node) ?? .standard)
            case .measured(let table):
                return try compiled(problem, by: table)
            }
        }
    }

    /// The same kernel with what already lies at its destination added to what it computes; nil where it cannot.
    func adding(
        _ compiled: ConvolutionProblem.Compiled, of problem: ConvolutionProblem
    ) -> ConvolutionProblem.Compiled? {
        guard compiled.destination == CDNN_ARG_DST, let algorithm = compiled.algorithm else { return nil }
        var problem = problem
        problem.residual = .inPlace
        let adding = try? problem.compiled(by: algorithm, on: engine)
        return adding?.primitive.implementation == compiled.primitive.implementation ? adding : nil
    }

    /// The problem compiled as sums of products in the order in which the library likes them, transformed by nothing.
    func standard(_ problem: ConvolutionProblem, for node: Node) throws(ExecutionError) -> ConvolutionProblem.Compiled {
        try check(node) { () throws(KernelStatus) in try problem.compiled(by: .standard, on: engine) }
    }

    /// The way that is asked for; nil where that is left to the library or to measurements.
    func preferredAlgorithm(for node: Node) -> ConvolutionAlgorithm? {
        switch algorithms {
        case .standard, .measured: nil
        case .preferring(let algorithm): algorithm
        case .byLayer(let algorithms): algorithms[node.name]
        }
    }

    private func compiled(
        _ problem: ConvolutionProblem, preferring algorithm: ConvolutionAlgorithm
    ) throws(KernelStatus) -> ConvolutionProblem.Compiled {
        for way in [algorithm, ConvolutionAlgorithm(.direct, algorithm.arrangement)] {
            if let compiled = try? problem.compiled(by: way, on: engine),
                !compiled.primitive.implementation.hasPrefix("ref")
            {
                return compiled
            }
        }
        return try problem.compiled(by: .standard, on: engine)
    }

    /// The problem compiled by the algorithm that is remembered, or else by the one that is fastest now, on one thread (see
    /// ``MeasuringClock``).
    private func compiled(
        _ problem: ConvolutionProblem, by table: AlgorithmTable
    ) throws(KernelStatus) -> ConvolutionProblem.Compiled {
        let key = "\(arrangement.rawValue) \(problem.key) threads \(threads.count)"
        if let known = table.algorithm(for: key) {
            if let compiled = try? problem.compiled(by: known, on: engine) { return compiled }
            // What is remembered may come from a file and need not fit.
            table.forget(known, for: key)
        }
        let settled = try measured(problem, by: table, key: key) ?? .standard
        return try problem.compiled(by: settled, on: engine)
    }

    private func measured(
        _ problem: ConvolutionProblem, by table: AlgorithmTable, key: String
    ) throws(KernelStatus) -> ConvolutionAlgorithm? {
        var fastest: (algorithm: ConvolutionAlgorithm, time: Duration)?
        var implementations: Set<String> = []
        for algorithm in problem.candidates(in: arrangement) {
            guard let compiled = singleThreaded(problem, by: algorithm),
                !compiled.primitive.implementation.hasPrefix("ref"),
                implementations.insert("\(compiled.primitive.implementation) \(algorithm.turnsWeights)").inserted
            else { continue }
            // Without time to measure the library's opinion counts: until that is done, or for as long as this process runs.
            if isInterrupted() { return fastest?.algorithm ?? algorithm }
            if !budget.allowsMore() {
                let best = fastest?.algorithm ?? algorithm
                return table.isHasty ? best : table.settle(key, on: best, isMeasured: false)
            }
            let time = try threads.limited(to: 1) { () throws(KernelStatus) in
                try stopwatch.time(compiled, problem, on: engine, budget: budget, limit: fastest?.time)
            }
            if fastest.map({ time < $0.time }) ?? true { fastest = (algorithm, time) }
        }
        guard let fastest else { return nil }
        // Another session may have settled the same question meanwhile; then its answer counts.
        return table.settle(key, on: fastest.algorithm, isMeasured: true)
    }

    /// The problem compiled for one thread; nil where the same algorithm is another implementation, or none, on the
    /// threads that the plan will have: the library's choices depend on their number.
    private func singleThreaded(
        _ problem: ConvolutionProblem, by algorithm: ConvolutionAlgorithm
    ) -> ConvolutionProblem.Compiled? {
        func compiled(threads count: Int) -> ConvolutionProblem.Compiled? {
            threads.limited(to: count) { try? problem.compiled(by: algorithm, on: engine) }
        }
        guard let single = compiled(threads: 1) else { return nil }
        guard threads.count > 1 else { return single }
        let name = compiled(threads: threads.count)?.primitive.implementation
        return name == single.primitive.implementation ? single : nil
    }
}
