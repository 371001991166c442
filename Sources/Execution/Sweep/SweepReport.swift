import Networks
import Tensors

/// What a sweep did and where its time went.
public struct SweepReport: Sendable {
    /// Places of the grid that share a plan.
    public struct Group: Sendable {
        public let places: Int
        /// Places per batch.
        public let items: Int
        /// The share of a whole pass's multiplications that one place takes, 0…1.
        public let share: Double
        /// Processor seconds per place that were expected.
        public let estimated: Double
    }

    /// Processor seconds, summed over the threads.
    struct Times: Sendable {
        var computing = 0.0
        var grafting = 0.0
        var compiling = 0.0
        var places = 0
        /// Places computed, with those that filled up batches.
        var items = 0
        /// The time of each node, by its name.
        var seconds: [String: Double] = [:]

        mutating func add(_ steps: [(node: String, seconds: Double)], places: Int, items: Int) {
            for step in steps {
                if step.node.hasPrefix(PatchGraph.graftPrefix) {
                    grafting += step.seconds
                } else {
                    computing += step.seconds
                }
                seconds[step.node, default: 0] += step.seconds
            }
            self.places += places
            self.items += items
        }
    }

    /// Multiplications of one whole pass.
    public private(set) var wholeMultiplications = 0
    /// The groups that the grid is divided into.
    public private(set) var groups: [Group] = []
    /// Processor seconds, summed over the threads: in the network's operators, in copying clean neighbours beside what
    /// has changed, and in making plans.
    public private(set) var computing = 0.0
    public private(set) var grafting = 0.0
    public private(set) var compiling = 0.0
    /// Places asked about, and items computed for them: the last batch of a group may have been filled up.
    public private(set) var places = 0
    public private(set) var items = 0

    /// Processor seconds by the name of the node.
    public private(set) var seconds: [String: Double] = [:]
    /// Multiplications of one whole pass by the name of the node, and of them the share that is done on average.
    public private(set) var multiplications: [String: (whole: Int, share: Double)] = [:]
    /// Processor seconds per place that were expected, over the whole grid, and of a whole pass.
    public var expected: (incremental: Double, whole: Double) {
        let places = Double(max(groups.reduce(0) { $0 + $1.places }, 1))
        return (groups.reduce(0) { $0 + $1.estimated * Double($1.places) } / places, wholeSeconds)
    }
    private var wholeSeconds = 0.0

    /// Multiplications saved, 0…1, over all places of the grid.
    public var savedShare: Double {
        let places = groups.reduce(0) { $0 + $1.places }
        return 1 - groups.reduce(0) { $0 + $1.share * Double($1.places) } / Double(max(places, 1))
    }

    mutating func add(
        _ shares: [Double], _ region: RegionOfChange, places: Int, items: Int, estimated: Double, whole: Double
    ) {
        let counts = region.nodes.map(region.multiplications)
        wholeMultiplications = counts.reduce(0, +)
        wholeSeconds = whole
        let before = groups.reduce(0) { $0 + $1.places }
        var done = 0.0
        for ((node, count), share) in zip(zip(region.nodes, counts), shares) where count > 0 {
            done += share * Double(count)
            let known = multiplications[node.name]?.share ?? 0
            let mean = (known * Double(before) + share * Double(places)) / Double(max(before + places, 1))
            multiplications[node.name] = (count, mean)
        }
        groups.append(
            Group(
                places: places, items: items, share: done / Double(max(wholeMultiplications, 1)), estimated: estimated))
    }

    mutating func add(_ times: Times) {
        computing += times.computing
        grafting += times.grafting
        compiling += times.compiling
        places += times.places
        items += times.items
        seconds.merge(times.seconds, uniquingKeysWith: +)
    }
}

extension RegionOfChange {
    /// Multiplications of a node for one image: those of convolutions and products.
    func multiplications(_ node: Node) -> Int {
        let results = extents(node.output).dropFirst().reduce(1, *)
        switch node.operation {
        case .convolution, .fullyConnected:
            guard let weights = node.input(1).flatMap({ graph.constants[$0] })?.shape, weights.rank > 1 else {
                return 0
            }
            return results * weights.dimensions.dropFirst().reduce(1, *)
        case .transposedConvolution:
            guard let weights = node.input(1).flatMap({ graph.constants[$0] })?.shape, weights.rank > 1,
                let x = node.input(0)
            else { return 0 }
            return extents(x).dropFirst().reduce(1, *) * weights.dimensions.dropFirst().reduce(1, *)
        case .recurrence:
            guard let weights = node.input(1).flatMap({ graph.constants[$0] })?.shape else { return 0 }
            return weights.count * (node.input(0).flatMap { extents($0).first } ?? 0)
        case .matrixProduct:
            return results * (node.input(0).flatMap { extents($0).last } ?? 0)
        case .einsum(let einsum):
            let shapes = node.inputs.compactMap { $0.map(extents) }
            guard let resolved = einsum.resolved(for: shapes) else { return 0 }
            return resolved.extents.values.reduce(1, *)
        // These multiply little, or nothing.
        case .pooling, .maximumUnpooling, .globalPooling, .resize, .batchNormalization, .normalization,
            .localResponseNormalization, .softmax, .activation, .arithmetic, .reduction, .concatenation, .flatten,
            .reshape, .squeeze, .unsqueeze, .transpose, .slice, .part, .padding, .expansion, .tiling, .depthToSpace,
            .spaceToDepth, .gather, .graft, .identity, .shapeArithmetic, .extremum, .ranking, .accumulation, .triangle,
            .pick, .scatter,
            .quantization, .sampling:
            return 0
        }
    }
}
