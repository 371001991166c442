import Foundation
import Networks
import Tensors

/// Decides how the places of a sweep fall into classes, and from which layer on a class is computed whole.
///
/// The costs are measured: how long each layer takes on the whole image, and how fast memory is copied.
final class SweepPlanner {
    /// Places that are computed in batches of one plan.
    struct Class {
        let graph: PatchGraph
        let items: Int
        let rows: PlaceClass
        let columns: PlaceClass
        let wholeFrom: Double
    }

    let names: PatchNames
    private(set) var classes: [Class] = []
    private(set) var report = SweepReport()
    /// Index of the row's class and of the column's, by place along the axis.
    private var axisClass: [[Int]] = [[], []]
    private var columnClassCount = 1

    private let request: WindowSweep.Request
    private let threads: Int
    private let graph: Graph
    /// Processor seconds for each node of the region, on one whole image.
    private var seconds: [Double] = []
    private let region: RegionOfChange
    /// By the number of items.
    private var regions: [Int: RegionOfChange] = [:]

    /// How many classes rows and columns may fall into, and from which share of a plane on it may be computed whole.
    private static let classCounts = [1, 2, 3, 4, 5, 6, 8]
    private static let wholeFrom = [0.6, 0.8, 0.95, .infinity]
    /// Making one plan takes about as long as this many seconds for each of its nodes.
    private static let compiling = 0.00008

    init(_ request: WindowSweep.Request, image: Tensor, on evaluator: Evaluator) throws(ExecutionError) {
        self.request = request
        graph = evaluator.graph
        names = PatchNames(graph)
        threads = max(evaluator.threads.count, 1)
        do {
            region = try RegionOfChange(graph: graph, imageShape: request.imageShape, target: request.target)
        } catch { throw .network(error) }
        seconds = try measuredSeconds(image, on: evaluator)
        try divide()
    }

    /// The class that a place belongs to.
    func classIndex(of place: WindowSweep.Place) -> Int {
        axisClass[0][place.row] * columnClassCount + axisClass[1][place.column]
    }

    // MARK: Costs

    private func measuredSeconds(_ image: Tensor, on evaluator: Evaluator) throws(ExecutionError) -> [Double] {
        let builder = try PlanBuilder(
            graph: graph, request: PlanRequest(inputShapes: [request.imageShape], kept: [request.target]),
            engine: evaluator.engine, weights: evaluator.weights)
        // One thread, as the batches will have: nothing is measured of how threads wait for each other.
        setThreadCount(1)
        defer { setThreadCount(threads) }
        let plan = try builder.build()
        var best: [String: Double] = [:]
        for run in 0..<3 {
            var times: [String: Double] = [:]
            for step in try plan.runTimed([image]) { times[step.node, default: 0] += step.seconds }
            best = run == 0 ? times : best.merging(times) { min($0, $1) }
        }
        return region.nodes.map { best[$0.name, default: 0] }
    }

    /// Processor seconds to copy a value within the caches, measured once.
    private static let copying = secondsPerValue(of: 1 << 20, into: 1 << 20)

    /// Processor seconds to read a value from memory, measured once: more of them than caches hold.
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

    /// Processor seconds that a batch takes to read all weights.
    private var weightSeconds: Double { Double(graph.transformedWeightCount) * Self.reading }

    /// Processor seconds for one place.
    private func cost(_ graph: PatchGraph) -> Double {
        zip(graph.shares, seconds).reduce(0) { $0 + $1.0 * $1.1 } + Double(graph.graftedCount) * Self.copying
    }

    // MARK: Classes

    private func divide() throws(ExecutionError) {
        let ranges = [
            region.ranges(axis: 0, changed: request.rows, cap: request.fieldCap),
            region.ranges(axis: 1, changed: request.columns, cap: request.fieldCap),
        ]
        let whole = (0..<2).map { axis in
            Dictionary(
                uniqueKeysWithValues: ranges[axis].keys.map { ($0, region.extents($0)[2 + axis]) })
        }
        let weights = Dictionary(zip(region.nodes.map(\.output), seconds)) { a, b in a + b }
        let places = [request.rows.count, request.columns.count]
        var best: (cost: Double, classes: [[PlaceClass]])?
        let counts = request.mode == .whole ? [1] : Self.classCounts
        for count in counts where count == 1 || count * 2 <= min(places[0], places[1]) {
            let split = (0..<2).map { axis in
                PlaceClass.split(
                    places: Array(0..<places[axis]), into: count, ranges: ranges[axis], whole: whole[axis],
                    weights: weights)
            }
            var total = 0.0
            for rows in split[0] {
                for columns in split[1] {
                    let places = Double(rows.members.count * columns.members.count)
                    total += roughCost(rows, columns) * places * request.share
                    total += weightSeconds * (places * request.share / Double(Self.largestBatch)).rounded(.up)
                    total += Self.compiling * Double(region.nodes.count)
                }
            }
            if total < best?.cost ?? .infinity { best = (total, split) }
        }
        guard let best else { return }
        columnClassCount = best.classes[1].count
        axisClass = (0..<2).map { axis in
            var classOf = [Int](repeating: 0, count: places[axis])
            for (index, one) in best.classes[axis].enumerated() {
                for member in one.members { classOf[member] = index }
            }
            return classOf
        }
        try compose(best.classes)
    }

    /// Processor seconds for one place where everything is followed as far as it goes.
    private func roughCost(_ rows: PlaceClass, _ columns: PlaceClass) -> Double {
        zip(region.nodes, seconds).reduce(0) { sum, node in
            let value = node.0.output
            guard let height = rows.extent[value], let width = columns.extent[value] else { return sum + node.1 }
            let plane = region.extents(value).suffix(2).reduce(1, *)
            return sum + node.1 * Double(height * width) / Double(max(plane, 1))
        }
    }

    private struct Choice {
        let graph: PatchGraph
        let wholeFrom: Double
        let cost: Double
    }

    private func cheapest(
        _ region: RegionOfChange, _ rows: PlaceClass, _ columns: PlaceClass
    ) -> Choice {
        let thresholds: [Double]
        switch request.mode {
        case .automatic: thresholds = Self.wholeFrom + [0]
        case .incremental: thresholds = Self.wholeFrom
        case .whole: thresholds = [0]
        }
        let candidates = thresholds.map { threshold in
            let graph = patchGraph(region, rows, columns, wholeFrom: threshold)
            return Choice(graph: graph, wholeFrom: threshold, cost: cost(graph))
        }
        return candidates.min { $0.cost < $1.cost } ?? candidates[0]
    }

    private func patchGraph(
        _ region: RegionOfChange, _ rows: PlaceClass, _ columns: PlaceClass, wholeFrom: Double
    ) -> PatchGraph {
        PatchGraph(
            region: region, windows: (request.rows, request.columns), rows: rows, columns: columns, names: names,
            wholeFrom: wholeFrom)
    }

    /// The classes with their batch sizes.
    private func compose(_ split: [[PlaceClass]]) throws(ExecutionError) {
        for (rows, columns) in split[0].flatMap({ rows in split[1].map { (rows, $0) } }) {
            let choice = cheapest(region, rows, columns)
            let places = rows.members.count * columns.members.count
            let items = batchSize(of: choice, places: places)
            report.add(
                choice.graph.shares, region, places: places, items: items, estimated: choice.cost,
                whole: seconds.reduce(0, +))
            classes.append(
                try batched(
                    Class(
                        graph: choice.graph, items: 1, rows: rows, columns: columns, wholeFrom: choice.wholeFrom),
                    by: items))
        }
    }

    /// Makes do with less memory.
    func halveBatches(ofClass index: Int) throws(ExecutionError) {
        classes[index] = try batched(classes[index], by: max(classes[index].items / 2, 1))
    }

    /// The same class in batches of `items`.
    private func batched(_ one: Class, by items: Int) throws(ExecutionError) -> Class {
        guard items != one.items else { return one }
        let batch: RegionOfChange
        if let known = regions[items] {
            batch = known
        } else {
            do {
                let shape = try Shape([items] + request.imageShape.dimensions.dropFirst())
                batch = try RegionOfChange(graph: graph, imageShape: shape, target: request.target)
            } catch let error as NetworkError {
                throw .network(error)
            } catch {
                throw .outOfMemory(bytes: items * request.imageShape.count * MemoryLayout<Float>.stride)
            }
            regions[items] = batch
        }
        return Class(
            graph: patchGraph(batch, one.rows, one.columns, wholeFrom: one.wholeFrom), items: items, rows: one.rows,
            columns: one.columns, wholeFrom: one.wholeFrom)
    }

    /// As many as make good use of weights once read, and no more than fit into the cache beyond that. Batches of equal
    /// size share a plan, and the last shall not be mostly empty.
    private func batchSize(of choice: Choice, places: Int) -> Int {
        guard request.takesBatches else { return 1 }
        let bytes = max(choice.graph.largestNodeCount * MemoryLayout<Float>.stride, 1)
        let worthwhile = (weightSeconds / max(Self.weightReading * choice.cost, 1e-9)).rounded(.up)
        let wanted = max(Self.batchBytes / bytes, Int(min(worthwhile, Double(Self.largestBatch))), Self.smallestBatch)
        // A plan's arena is about twice what its largest node needs.
        let limit = max(min(wanted, Self.largestBatch, request.memory / (2 * bytes * threads)), 1)
        let expected = max(Int((Double(places) * min(max(request.share, 0), 1)).rounded(.up)), 1)
        let batches = (expected + limit - 1) / limit
        return max((expected + batches - 1) / batches, 1)
    }

    private static let batchBytes = 4 << 20
    private static let smallestBatch = 16
    private static let largestBatch = 64
    /// The share of the time that reading weights may take.
    private static let weightReading = 0.015
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
