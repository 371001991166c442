import CDNN
import Foundation
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

    /// By what is remembered, or else by what is fastest now, on one thread (see ``MeasuringClock``).
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
            // Without time to measure the library's opinion counts, for as long as this process runs.
            if table.isOverBudget {
                return table.settle(key, on: fastest?.algorithm ?? algorithm, isMeasured: false)
            }
            let time = try threads.limited(to: 1) { () throws(KernelStatus) in
                try stopwatch.time(compiled, problem, on: engine, table: table, limit: fastest?.time)
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

/// Times compiled convolutions by themselves, on memory of its own.
final class ConvolutionStopwatch {
    /// What is written between two runs, so that weights come from memory as they do within a network.
    private var eviction: [UInt8] = []
    private static let evictionBytes = 48 << 20
    /// Smaller weights stay in the cache from one pass to the next.
    private static let largestCachedWeights = 1 << 20
    private static let largestRunCount = 12

    /// The shortest of a few runs; gives up early on what is far behind `limit`.
    func time(
        _ compiled: ConvolutionProblem.Compiled, _ problem: ConvolutionProblem, on engine: Engine,
        table: AlgorithmTable, limit: Duration?
    ) throws(KernelStatus) -> Duration {
        let start = ContinuousClock.now
        defer { table.spend(ContinuousClock.now - start) }

        var blocks: [UnsafeMutableRawPointer] = []
        defer { for block in blocks { block.deallocate() } }
        var arguments: [Int32] = []
        var memories: [Memory] = []
        func bind(_ argument: cdnn_argument, _ layout: Layout) throws(KernelStatus) {
            let bytes = max(layout.byteCount, 64)
            let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            blocks.append(block)
            block.initializeMemory(as: Float.self, repeating: 0.01, count: bytes / MemoryLayout<Float>.stride)
            arguments.append(Int32(bitPattern: argument.rawValue))
            memories.append(try Memory(layout, at: block, on: engine))
        }
        let primitive = compiled.primitive
        let destination = try primitive.requiredLayout(compiled.destination)
        let weights = try primitive.requiredLayout(CDNN_ARG_WEIGHTS)
        try bind(compiled.source, try primitive.requiredLayout(compiled.source))
        try bind(CDNN_ARG_WEIGHTS, weights)
        try bind(compiled.destination, destination)
        if problem.hasBias { try bind(CDNN_ARG_BIAS, try Layout.plain([problem.output[1]])) }
        if compiled.residual == .beside { try bind(.postOp(0), destination) }
        if let scratch = try primitive.layout(CDNN_ARG_SCRATCHPAD), scratch.byteCount > 0 {
            try bind(CDNN_ARG_SCRATCHPAD, scratch)
        }
        let handles = memories.map { Optional($0.handle) }
        let copied = compiled.residual == .inPlace && problem.residual == .beside ? destination.byteCount : 0
        let spare = UnsafeMutableRawPointer.allocate(byteCount: max(copied, 64), alignment: 64)
        defer { spare.deallocate() }
        let evicts = weights.byteCount > Self.largestCachedWeights

        var times: [Duration] = []
        for run in 0...Self.largestRunCount {
            if evicts { evict() }
            let began = MeasuringClock.now
            // A residual that others still read is copied before it is added to; here any memory will do.
            if copied > 0 { spare.copyMemory(from: blocks[2], byteCount: copied) }
            try primitive.execute(on: engine, arguments, handles)
            let time = MeasuringClock.now - began
            // The first run finds nothing in the caches, not even the code.
            if run > 0 { times.append(time) }
            times.sort()
            // Enough where the best two agree, or where it is far behind.
            if times.count >= 3, times[1] < times[0] * 21 / 20 { break }
            if let limit, times.count >= 3, times[0] > limit * 3 { break }
        }
        extendLifetime(memories)
        return times.first ?? .zero
    }

    private func evict() {
        if eviction.isEmpty { eviction = [UInt8](repeating: 0, count: Self.evictionBytes) }
        eviction.withUnsafeMutableBytes { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 64) { bytes[offset] &+= 1 }
        }
    }
}

/// The processor time of the calling thread. What else the machine does meanwhile does not count, so measurements on a
/// busy machine come out as on an idle one. That takes computing on one thread: the second one's work is not seen.
/// Kernels of the same problem gain about as much from more threads, which is all that a comparison needs.
enum MeasuringClock {
    static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    static var seconds: Double { now / .seconds(1) }
}

/// How many threads the kernels that are made and run by the calling thread use from now on.
func setThreadCount(_ count: Int) { cdnn_set_thread_count(Int32(clamping: count)) }

/// How many threads the kernels of a session are made for and run on. Belongs to the session's thread.
final class KernelThreads {
    let count: Int
    private var current: Int

    /// - Parameter count: the processor's cores where nil.
    init(_ count: Int?) {
        self.count = count ?? ProcessInfo.processInfo.activeProcessorCount
        current = self.count
    }

    /// Makes and runs kernels on `count` threads within `body`.
    func limited<R, E: Error>(to count: Int, _ body: () throws(E) -> R) throws(E) -> R {
        let before = current
        set(count)
        defer { set(before) }
        return try body()
    }

    private func set(_ count: Int) {
        current = count
        setThreadCount(count)
    }
}
