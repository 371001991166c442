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
        /// Places per batch.
        let items: Int
        /// As many as there may be in another batch.
        var most: Int
        /// Processor seconds for one place.
        let cost: Double
        let rows: PlaceClass
        let columns: PlaceClass
        let wholeFrom: Double

        /// Of the grid.
        var placeCount: Int { rows.members.count * columns.members.count }
    }

    let names: PatchNames
    /// Those that the grid is divided into, and behind them, where those are several, one of all places: worth it for few
    /// places, since every batch reads all weights.
    private(set) var classes: [Class] = []
    /// How many the grid is divided into.
    private var divisionCount = 0
    private(set) var report = SweepReport()
    /// Index of the row's class and of the column's, by place along the axis.
    private var axisClass: [[Int]] = [[], []]
    private var columnClassCount = 1

    let request: WindowSweep.Request
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
    /// Of the time by classes, what batches of all places must be expected to take to be preferred.
    private static let togetherBelow = 0.85
    /// What making one plan takes for each of its nodes, in seconds: spread over some sweeps, since plans are kept.
    private static let compiling = 0.00002

    /// - Parameter graph: the part of the evaluator's network that the target depends on.
    init(
        _ request: WindowSweep.Request, _ graph: Graph, image: Tensor, on evaluator: Evaluator
    ) throws(ExecutionError) {
        self.request = request
        self.graph = graph
        names = PatchNames(graph)
        threads = max(evaluator.threads.count, 1)
        do {
            region = try RegionOfChange(graph: graph, imageShape: request.imageShape, target: request.target)
        } catch { throw .network(error) }
        seconds = try measuredSeconds(image, on: evaluator)
        try divide()
    }

    /// The places in batches, those of one class behind each other: of the classes of the grid or of the one of all places,
    /// whichever is expected to take less time.
    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] {
        var byClass: [Int: [WindowSweep.Place]] = [:]
        for place in places { byClass[classIndex(of: place), default: []].append(place) }
        let divided = finelyWhereThreadsMeet(
            byClass.sorted { $0.key < $1.key }.flatMap { jobs(for: $0.value, of: $0.key, in: 1) })
        guard classes.count > divisionCount else { return divided }
        let together = jobs(for: places, of: divisionCount, in: threads)
        // Large batches of one more plan take longer than the costs say: they leave the caches.
        return duration(together) < Self.togetherBelow * duration(divided) ? together : divided
    }

    /// A class's places, divided evenly among at least so many batches. Batches much smaller than usual have plans of
    /// their own, for at most an eighth more places.
    private func jobs(for places: [WindowSweep.Place], of index: Int, in least: Int) -> [SweepJob] {
        let most = classes[index].most
        let batches = max((places.count + most - 1) / most, min(least, places.count))
        let usual = classes[index].items
        return (0..<batches).map { batch in
            let part = places[places.count * batch / batches..<places.count * (batch + 1) / batches]
            let step = max(part.count / 8, 1)
            let isUsual = part.count <= usual && usual <= part.count + step
            let items = isUsual ? usual : (part.count + step - 1) / step * step
            return SweepJob(classIndex: index, items: min(items, most), places: Array(part))
        }
    }

    /// The first thread goes through the batches from the front and the others from the end. Those that they come to last
    /// are divided, so that none has long to wait for the others.
    private func finelyWhereThreadsMeet(_ jobs: [SweepJob]) -> [SweepJob] {
        let seconds = jobs.map { Double($0.items) * classes[$0.classIndex].cost }
        var rest = seconds.reduce(0, +) / Double(threads)
        let meeting = seconds.firstIndex { second in
            rest -= second
            return rest <= 0
        }
        guard threads > 1, let meeting else { return jobs }
        let last = meeting..<min(meeting + threads - 1, jobs.count)
        return jobs[..<last.lowerBound] + last.flatMap { divided(jobs[$0]) } + jobs[last.upperBound...]
    }

    private func divided(_ job: SweepJob) -> [SweepJob] {
        let items = (job.items + Self.lastParts - 1) / Self.lastParts
        guard items >= Self.lastParts else { return [job] }
        return stride(from: 0, to: job.places.count, by: items).map { first in
            let part = job.places[first..<min(first + items, job.places.count)]
            return SweepJob(classIndex: job.classIndex, items: items, places: Array(part))
        }
    }

    private static let lastParts = 4

    /// Seconds that the threads are expected to take, each going on with the next batch when it has done one.
    private func duration(_ jobs: [SweepJob]) -> Double {
        var busy = [Double](repeating: 0, count: threads)
        for job in jobs {
            let next = busy.indices.min { busy[$0] < busy[$1] } ?? 0
            busy[next] += Double(job.items) * classes[job.classIndex].cost + weightSeconds
        }
        return busy.max() ?? 0
    }

    /// The class of the grid that a place belongs to.
    func classIndex(of place: WindowSweep.Place) -> Int {
        axisClass[0][place.row] * columnClassCount + axisClass[1][place.column]
    }

    /// Of the network and the grid, whatever classes the grid falls into.
    func key() throws(ExecutionError) -> String {
        let whole = PlanRequest(inputShapes: [request.imageShape], kept: [request.target])
        let windows = [request.rows, request.columns].map { axis in
            "\(axis.count) of \(axis.map(\.count).max() ?? 0)"
        }
        let manner = "mode \(request.mode) cap \(request.fieldCap ?? 1) arithmetic \(request.arithmetic)"
        return "sweep \(try whole.key(on: graph)) windows \(windows.joined(separator: " x ")) \(manner)"
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
        var undivided: [[PlaceClass]] = []
        let counts = request.mode == .whole ? [1] : Self.classCounts
        for count in counts where count == 1 || count * 2 <= min(places[0], places[1]) {
            let split = (0..<2).map { axis in
                PlaceClass.split(
                    places: Array(0..<places[axis]), into: count, ranges: ranges[axis], whole: whole[axis],
                    weights: weights)
            }
            if count == 1 { undivided = split }
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
        divisionCount = classes.count
        if classes.count > 1, request.share < 1 { classes.append(try composed(undivided[0][0], undivided[1][0])) }
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
            let made = try composed(rows, columns)
            report.add(
                made.graph.shares, region, places: made.placeCount, items: made.items, estimated: made.cost,
                whole: seconds.reduce(0, +))
            classes.append(made)
        }
    }

    private func composed(_ rows: PlaceClass, _ columns: PlaceClass) throws(ExecutionError) -> Class {
        let choice = cheapest(region, rows, columns)
        let most = largestBatch(of: choice)
        let items = batchSize(places: rows.members.count * columns.members.count, most: most)
        return try batched(
            Class(
                graph: choice.graph, items: 1, most: most, cost: choice.cost, rows: rows, columns: columns,
                wholeFrom: choice.wholeFrom),
            by: items)
    }

    /// Makes do with less memory.
    func limitBatches(ofClass index: Int, to items: Int) {
        classes[index].most = min(classes[index].most, items)
    }

    /// A class in batches of another size than most of its places are computed in.
    func `class`(_ index: Int, inBatchesOf items: Int) throws(ExecutionError) -> Class {
        try batched(classes[index], by: items)
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
            graph: patchGraph(batch, one.rows, one.columns, wholeFrom: one.wholeFrom), items: items, most: one.most,
            cost: one.cost, rows: one.rows, columns: one.columns, wholeFrom: one.wholeFrom)
    }

    /// As many as make good use of weights once read, and no more than fit into the cache beyond that.
    private func largestBatch(of choice: Choice) -> Int {
        guard request.takesBatches else { return 1 }
        let bytes = max(choice.graph.largestNodeCount * MemoryLayout<Float>.stride, 1)
        let worthwhile = (weightSeconds / max(Self.weightReading * choice.cost, 1e-9)).rounded(.up)
        let wanted = max(Self.batchBytes / bytes, Int(min(worthwhile, Double(Self.largestBatch))), Self.smallestBatch)
        // A plan's arena is about twice what its largest node needs.
        return max(min(wanted, Self.largestBatch, request.memory / (2 * bytes * threads)), 1)
    }

    /// Batches of equal size share a plan, and the last shall not be mostly empty.
    private func batchSize(places: Int, most: Int) -> Int {
        let expected = max(Int((Double(places) * min(max(request.share, 0), 1)).rounded(.up)), 1)
        let batches = (expected + most - 1) / most
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
