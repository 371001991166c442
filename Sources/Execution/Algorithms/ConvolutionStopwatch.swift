import CDNN

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
        budget: MeasuringBudget, limit: Duration?
    ) throws(KernelStatus) -> Duration {
        let start = ContinuousClock.now
        defer { budget.spend(ContinuousClock.now - start) }

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
