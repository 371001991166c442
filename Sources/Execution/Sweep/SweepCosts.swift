import Networks
import Tensors

/// What the parts of a sweep take, in processor seconds: how long each layer takes on the whole image and how fast memory
/// is read and copied are measured, and everything else follows.
struct SweepCosts {
    /// The time of each node of the region's `nodes` on one whole image.
    let nodeSeconds: [Double]
    /// What a batch takes to read all weights.
    let weightSeconds: Double
    private let region: RegionOfChange

    /// - Parameters:
    ///   - graph: the part of the evaluator's network that the target depends on.
    ///   - region: the region of change of one image.
    init(
        _ request: WindowSweep.Request, _ graph: Graph, region: RegionOfChange, image: Tensor, on evaluator: Evaluator
    ) throws(ExecutionError) {
        self.region = region
        weightSeconds = Double(graph.transformedWeightCount) * Self.reading
        let builder = try PlanBuilder(
            graph: graph, request: PlanRequest(inputShapes: [request.imageShape], kept: [request.target]),
            engine: evaluator.engine, weights: evaluator.weights)
        // Batches run on one thread each, so this does: nothing is measured of how threads wait for each other.
        setThreadCount(1)
        defer { setThreadCount(max(evaluator.threads.count, 1)) }
        let plan = try builder.build(of: evaluator.share)
        var best: [String: Double] = [:]
        for run in 0..<3 {
            var times: [String: Double] = [:]
            for step in try plan.runTimed([image]) { times[step.node, default: 0] += step.seconds }
            best = run == 0 ? times : best.merging(times) { min($0, $1) }
        }
        nodeSeconds = region.nodes.map { best[$0.name, default: 0] }
    }

    /// The time of one whole image.
    var whole: Double { nodeSeconds.reduce(0, +) }

    /// The time of one place.
    func seconds(_ patch: PatchGraph) -> Double {
        zip(patch.shares, nodeSeconds).reduce(0) { $0 + $1.0 * $1.1 } + Double(patch.graftedCount) * Self.copying
    }

    /// The time of one place of these classes where every change is followed as far as that is possible.
    func roughSeconds(_ rows: PlaceClass, _ columns: PlaceClass) -> Double {
        zip(region.nodes, nodeSeconds).reduce(0) { sum, node in
            let value = node.0.output
            guard let height = rows.extent[value], let width = columns.extent[value] else { return sum + node.1 }
            let plane = region.extents(value).suffix(2).reduce(1, *)
            return sum + node.1 * Double(height * width) / Double(max(plane, 1))
        }
    }

    // MARK: Memory

    /// Time to copy a value within the caches, measured once.
    private static let copying = secondsPerValue(of: 1 << 20, into: 1 << 20)

    /// Time to read a value from memory, measured once: more of them than caches hold.
    private static let reading = secondsPerValue(of: 1 << 24, into: 1 << 12)

    private static func secondsPerValue(of count: Int, into part: Int) -> Double {
        let source = UnsafeMutablePointer<Float>.allocate(capacity: count)
        let destination = UnsafeMutablePointer<Float>.allocate(capacity: part)
        defer {
            source.deallocate()
            destination.deallocate()
        }
        source.initialize(repeating: 1, count: count)
        destination.initialize(repeating: 0, count: part)
        var best = Double.infinity
        for _ in 0..<5 {
            let start = MeasuringClock.seconds
            for first in stride(from: 0, to: count, by: part) { destination.update(from: source + first, count: part) }
            best = min(best, MeasuringClock.seconds - start)
        }
        return best / Double(count)
    }
}

extension Graph {
    /// Values that the weights have in the forms the kernels read: by Winograd's algorithm, a kernel of 3×3 becomes 6×6.
    fileprivate var transformedWeightCount: Int {
        let transforms = nodes.reduce(0) { sum, node in
            guard case .convolution(let convolution) = node.operation, convolution.groups == 1,
                convolution.window.kernel == [3, 3], convolution.window.stride == [1, 1],
                let weights = node.input(1).flatMap({ constants[$0]?.tensor })
            else { return sum }
            return sum + 3 * weights.count
        }
        return parameterCount + transforms
    }
}
