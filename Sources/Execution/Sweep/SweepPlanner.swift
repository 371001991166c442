import Networks
import Tensors

/// Decides what a sweep computes: what things cost (``SweepCosts``), how the grid is divided (``GridDivision``), and for
/// each group of places from which layer on it is computed whole and how many places share a batch. ``SweepSchedule``
/// then puts places that are asked about into batches.
final class SweepPlanner {
    let request: WindowSweep.Request
    let names: PatchNames
    /// The groups that the grid is divided into, and behind them, where those are several, one of all places: worth it for
    /// few places, since every batch reads all weights.
    private(set) var groups: [PlaceGroup] = []
    private(set) var report = SweepReport()

    private let threads: Int
    private let graph: Graph
    private let region: RegionOfChange
    private let costs: SweepCosts
    private let division: GridDivision
    /// The region of change of batches, by the number of items.
    private var batchRegions: [Int: RegionOfChange] = [:]

    /// The shares of a plane from which on it may be computed whole.
    private static let wholeFrom = [0.6, 0.8, 0.95, .infinity]

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
        costs = try SweepCosts(request, graph, region: region, image: image, on: evaluator)
        let divisions = GridDivision.cheapest(for: request, region, costs, largestBatch: Self.largestBatch)
        division = divisions.best
        for (rows, columns) in division.pairs {
            let made = try composed(rows, columns)
            report.add(
                made.graph.shares, region, places: made.placeCount, items: made.items, estimated: made.cost,
                whole: costs.whole)
            groups.append(made)
        }
        if groups.count > 1, request.share < 1, let all = divisions.undivided.pairs.first {
            groups.append(try composed(all.rows, all.columns))
        }
    }

    /// The places in batches.
    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] {
        SweepSchedule(groups: groups, division: division, threads: threads, weightSeconds: costs.weightSeconds)
            .jobs(for: places)
    }

    /// The group of the divided grid that a place belongs to.
    func group(of place: WindowSweep.Place) -> PlaceGroup { groups[division.index(of: place)] }

    /// Names the network and the grid, whatever groups the grid falls into.
    func key() throws(ExecutionError) -> String {
        let whole = PlanRequest(inputShapes: [request.imageShape], kept: [request.target])
        let windows = [request.rows, request.columns].map { axis in
            "\(axis.count) of \(axis.map(\.count).max() ?? 0)"
        }
        let manner = "mode \(request.mode) cap \(request.fieldCap ?? 1) arithmetic \(request.arithmetic)"
        return "sweep \(try whole.key(on: graph)) windows \(windows.joined(separator: " x ")) \(manner)"
    }

    // MARK: Groups

    /// A way to compute the places of a group.
    private struct Choice {
        let graph: PatchGraph
        let wholeFrom: Double
        let cost: Double
    }

    private func composed(_ rows: PlaceClass, _ columns: PlaceClass) throws(ExecutionError) -> PlaceGroup {
        let choice = cheapest(rows, columns)
        let most = largestBatch(of: choice)
        let items = batchSize(places: rows.members.count * columns.members.count, most: most)
        return try batched(
            PlaceGroup(
                graph: choice.graph, items: 1, mostItems: most, cost: choice.cost, rows: rows, columns: columns,
                wholeFrom: choice.wholeFrom),
            by: items)
    }

    private func cheapest(_ rows: PlaceClass, _ columns: PlaceClass) -> Choice {
        let thresholds: [Double]
        switch request.mode {
        case .automatic: thresholds = Self.wholeFrom + [0]
        case .incremental: thresholds = Self.wholeFrom
        case .whole: thresholds = [0]
        }
        let candidates = thresholds.map { threshold in
            let graph = patchGraph(region, rows, columns, wholeFrom: threshold)
            return Choice(graph: graph, wholeFrom: threshold, cost: costs.seconds(graph))
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

    // MARK: Batches

    private static let batchBytes = 4 << 20
    private static let smallestBatch = 16
    private static let largestBatch = 64
    /// The share of the time that reading weights may take.
    private static let weightReading = 0.015

    /// Makes do with less memory.
    func limitBatches(ofGroup index: Int, to items: Int) {
        groups[index].mostItems = min(groups[index].mostItems, items)
    }

    /// A group in batches of another size than most of its places are computed in.
    func group(_ index: Int, inBatchesOf items: Int) throws(ExecutionError) -> PlaceGroup {
        try batched(groups[index], by: items)
    }

    /// The same group in batches of `items`.
    private func batched(_ group: PlaceGroup, by items: Int) throws(ExecutionError) -> PlaceGroup {
        guard items != group.items else { return group }
        let batch: RegionOfChange
        if let known = batchRegions[items] {
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
            batchRegions[items] = batch
        }
        return PlaceGroup(
            graph: patchGraph(batch, group.rows, group.columns, wholeFrom: group.wholeFrom), items: items,
            mostItems: group.mostItems, cost: group.cost, rows: group.rows, columns: group.columns,
            wholeFrom: group.wholeFrom)
    }

    /// As many places as make good use of weights once read, and no more than fit into the cache beyond that.
    private func largestBatch(of choice: Choice) -> Int {
        guard request.takesBatches else { return 1 }
        let bytes = max(choice.graph.largestNodeCount * MemoryLayout<Float>.stride, 1)
        let worthwhile = (costs.weightSeconds / max(Self.weightReading * choice.cost, 1e-9)).rounded(.up)
        let wanted = max(Self.batchBytes / bytes, Int(min(worthwhile, Double(Self.largestBatch))), Self.smallestBatch)
        // A plan's arena is about twice what its largest node needs.
        return max(min(wanted, Self.largestBatch, request.memory / (2 * bytes * threads)), 1)
    }

    /// How many of the places share a batch: batches of equal size share a plan, and the last shall not be mostly empty.
    private func batchSize(places: Int, most: Int) -> Int {
        let expected = max(Int((Double(places) * min(max(request.share, 0), 1)).rounded(.up)), 1)
        let batches = (expected + most - 1) / most
        return max((expected + batches - 1) / batches, 1)
    }
}
