import Networks

/// How the convolutions of a sweep are computed: every group of places alike, since a sweep is too soon over to try all of them.
struct SweepAlgorithms {
    let choice: AlgorithmChoice
    let arrangement: Arrangement

    static let standard = SweepAlgorithms(choice: .standard, arrangement: .library)

    /// The ways that are tried, each on all layers at once.
    private static func candidates(in arithmetic: WindowSweep.Request.Arithmetic) -> [ConvolutionAlgorithm] {
        switch arithmetic {
        case .single:
            [
                .standard, ConvolutionAlgorithm(.direct, .library, implementation: 1),
                ConvolutionAlgorithm(.winograd, .library), ConvolutionAlgorithm(.toomCook, .library),
            ]
        // Eight bits multiply so much faster that clever single precision does not come near.
        case .eightBit: [.standard, ConvolutionAlgorithm(.eightBit, .library)]
        }
    }

    /// Layer by layer what was fastest, tried on one group of places, and remembered.
    ///
    /// Each of a few ways is timed on all layers at once. Then every layer gets its fastest, and if all of it together is no
    /// faster than one way alone, that one is taken.
    ///
    /// - Parameters:
    ///   - nodes: those of the group's graph.
    ///   - arithmetic: what is remembered of another one does not count.
    ///   - places: a batch of the group.
    ///   - key: what it is remembered under.
    ///   - plan: makes a plan for the group.
    static func measured(
        of nodes: [Node], in arithmetic: WindowSweep.Request.Arithmetic, places: [WindowSweep.Place], as key: String,
        table: AlgorithmTable,
        plan: (SweepAlgorithms) throws(ExecutionError) -> BatchPlan
    ) throws(ExecutionError) -> SweepAlgorithms {
        let convolutions = nodes.compactMap(\.convolution)
        let layers = nodes.filter { node in
            node.convolution != nil || arithmetic == .eightBit && node.operation == .fullyConnected
        }.map(\.name)
        func question(_ layer: String) -> String { "\(key) \(layer)" }
        let candidates = candidates(in: arithmetic)
        let known = layers.compactMap { layer in
            table.algorithm(for: question(layer)).flatMap { candidates.contains($0) ? (layer, $0) : nil }
        }
        if known.count == layers.count { return SweepAlgorithms(byLayer: known) }

        var fastest: (ways: [(String, ConvolutionAlgorithm)], seconds: Double)?
        // Plans are kept until the end, so that weights of one order are put into it once.
        var plans: [BatchPlan] = []
        func seconds(_ ways: [(String, ConvolutionAlgorithm)]) throws(ExecutionError) -> [String: Double] {
            let made = try plan(SweepAlgorithms(byLayer: ways))
            plans.append(made)
            let seconds = try made.seconds(places: places)
            let total = seconds.values.reduce(0, +)
            if total < fastest?.seconds ?? .infinity { fastest = (ways, total) }
            return seconds
        }
        var best: [String: (algorithm: ConvolutionAlgorithm, seconds: Double)] = [:]
        let hasLines = convolutions.contains(where: LineConvolution.fits)
        for algorithm in candidates where algorithm.method != .toomCook || hasLines {
            let found = try seconds(layers.map { ($0, algorithm) })
            for layer in layers {
                let seconds = found[layer, default: 0]
                if seconds < best[layer]?.seconds ?? .infinity { best[layer] = (algorithm, seconds) }
            }
        }
        _ = try seconds(layers.map { ($0, best[$0]?.algorithm ?? .standard) })
        let settled = (fastest?.ways ?? []).map { layer, algorithm in
            (layer, table.settle(question(layer), on: algorithm, isMeasured: true))
        }
        table.save()
        return SweepAlgorithms(byLayer: settled)
    }
}

extension SweepAlgorithms {
    fileprivate init(byLayer ways: [(String, ConvolutionAlgorithm)]) {
        self.init(choice: .byLayer(Dictionary(ways) { first, _ in first }), arrangement: .library)
    }
}

extension Node {
    fileprivate var convolution: Convolution? {
        if case .convolution(let convolution) = operation { convolution } else { nil }
    }
}
