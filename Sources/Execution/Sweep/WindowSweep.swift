import CDNN
import Foundation
public import Networks
public import Tensors

/// A network asked again and again about one image of which a window shows something else, by computing only what
/// changes (see ``RegionOfChange``), exactly.
///
/// Places whose regions of change have similar extents form a group and are computed in batches. Each of the session's
/// threads works on batches of its own, one kernel thread each: what a batch needs stays in its core's cache, and the
/// threads never wait for each other. Compiled once per image shape and grid, and used again for other images.
public final class WindowSweep {
    /// What is hidden, and what is wanted of the network then.
    public struct Request: Hashable, Sendable {
        /// Whether to compute only what changes.
        public enum Mode: Hashable, Sendable {
            /// Where that is faster by the measured costs.
            case automatic
            case incremental
            /// Every hidden image whole.
            case whole
        }

        /// How convolutions and fully-connected layers are computed.
        public enum Arithmetic: String, Hashable, Sendable {
            /// In single precision.
            case single
            /// In eight bits wherever that is faster, which is an approximation (see ``EightBitProduct``).
            case eightBit
        }

        /// [1,C,H,W].
        public var imageShape: Shape
        /// The rows that a window covers, by its place down the image, and the columns, by its place across.
        public var rows: [Range<Int>]
        public var columns: [Range<Int>]
        /// [1,…]: the class scores.
        public var target: ValueID
        /// Whether the network takes several images at once.
        public var takesBatches: Bool
        /// Bytes of activations that all batches in hand may need, besides the clean image's.
        public var memory: Int
        public var mode: Mode
        /// How much of the grid is likely to be asked about at once, 0…1: the more, the more groups pay.
        public var share = 1.0
        /// Largest share of a layer's side that a change is followed over, but for five positions. What lies farther from
        /// the middle of what the window is seen in is taken to be unchanged, which is an approximation; nil is exact.
        public var fieldCap: Double?
        public var arithmetic = Arithmetic.single

        public init(
            imageShape: Shape, rows: [Range<Int>], columns: [Range<Int>], target: ValueID, takesBatches: Bool = true,
            memory: Int = 256 << 20, mode: Mode = .automatic
        ) {
            self.imageShape = imageShape
            self.rows = rows
            self.columns = columns
            self.target = target
            self.takesBatches = takesBatches
            self.memory = memory
            self.mode = mode
        }
    }

    /// Where a window stands: indices into the request's rows and columns.
    public struct Place: Hashable, Sendable {
        public var row: Int
        public var column: Int

        public init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    public let request: Request
    /// Counts the images shown, so that each asker knows whether its own still is.
    private(set) var generation = 0
    let turns: SessionTurns
    private let threads: Int
    private let cleanPlan: Plan
    let compiler: SweepCompiler
    private let workers: [SweepWorker]

    init(_ request: Request, image: Tensor, on evaluator: Evaluator) throws(ExecutionError) {
        self.request = request
        turns = evaluator.turns
        threads = max(evaluator.threads.count, 1)
        try request.check(image: image, graph: evaluator.graph)
        let graph = evaluator.graph.ending(at: request.target)
        let planner = try SweepPlanner(request, graph, image: image, on: evaluator)
        var cleanRequest = PlanRequest(inputShapes: [request.imageShape], kept: [request.target])
        let wanted = planner.groups.reduce(into: [ValueID: ValueID]()) { wanted, one in
            wanted.merge(one.graph.clean) { known, _ in known }
        }
        cleanRequest.resident = Set(wanted.values).sorted()
        let builder = try PlanBuilder(
            graph: graph, request: cleanRequest, engine: evaluator.engine, weights: evaluator.weights)
        cleanPlan = try builder.build(of: evaluator.share)
        let features = FeatureStore(engine: evaluator.engine)
        for (input, value) in wanted {
            if let resident = cleanPlan.resident(value) { features.add(input, resident, of: cleanPlan) }
        }
        do { try features.allocate(planner.names.fill, extents: request.imageShape.dimensions) } catch {
            throw .outOfMemory(bytes: request.imageShape.count * MemoryLayout<Float>.stride)
        }
        compiler = SweepCompiler(
            planner: planner, features: features, weights: evaluator.weights, algorithms: evaluator.algorithms,
            share: evaluator.share)
        var workers: [SweepWorker] = []
        for _ in 0..<threads {
            workers.append(try SweepWorker(compiler: compiler, memory: max(request.memory / threads, 1)))
        }
        self.workers = workers
    }

    /// The same under another request.
    fileprivate init(_ other: WindowSweep, as request: Request) {
        self.request = request
        turns = other.turns
        threads = other.threads
        cleanPlan = other.cleanPlan
        compiler = other.compiler
        workers = other.workers
    }

    /// Processor seconds for a place, of a batch from the middle of the grid.
    fileprivate func measured(_ image: Tensor) throws(ExecutionError) -> Double {
        let middle = Place(row: request.rows.count / 2, column: request.columns.count / 2)
        let places = compiler.batch(around: middle)
        var best = Double.infinity
        try takeUp(image, fill: image)
        for _ in 0..<2 {
            let before = report
            try run(SweepQueue(compiler.jobs(for: places)), mayPause: false) { _, _ in true }
            let after = report
            let seconds = after.computing - before.computing + after.grafting - before.grafting
            best = min(best, seconds / Double(max(after.items - before.items, 1)))
        }
        return best
    }

    /// What was done, and where the time went.
    public var report: SweepReport {
        workers.reduce(into: compiler.report) { $0.add($1.times) }
    }

    /// Takes up an image: one clean pass.
    ///
    /// - Parameters:
    ///   - image: [1,C,H,W].
    ///   - fill: what shows in the windows, of the same shape.
    public func show(image: Tensor, fill: Tensor) throws(ExecutionError) -> ShownImage {
        for tensor in [image, fill] { try request.check(tensor) }
        return ShownImage(image, fill: fill, target: try takeUp(image, fill: fill), in: self)
    }

    /// - Returns: the target of the clean image.
    @discardableResult
    func takeUp(_ image: Tensor, fill: Tensor) throws(ExecutionError) -> Tensor {
        generation += 1
        try cleanPlan.run([image])
        guard let target = cleanPlan.value(request.target) else { throw .unknownValue("-") }
        compiler.features.write(fill, to: compiler.names.fill)
        setThreadCount(1)
        defer { setThreadCount(threads) }
        do { try compiler.features.refresh() } catch {
            throw .kernel(node: "-", operation: "reorder", status: error.code)
        }
        return target
    }

    /// Runs batches until none are left, or until somebody else is to have the session.
    ///
    /// - Parameter deliver: see ``ShownImage/run(places:deliver:)``.
    /// - Returns: whether batches are left.
    @discardableResult
    func run(
        _ queue: SweepQueue, mayPause: Bool, _ deliver: (_ places: [Place], _ targets: [[Float]]) -> Bool
    ) throws(ExecutionError) -> Bool {
        setThreadCount(1)
        defer { setThreadCount(threads) }
        queue.resume()
        for worker in workers.dropFirst() { queue.start(worker) }
        var goesOn = true
        while goesOn, let job = queue.take(fromEnd: false) {
            do {
                let targets = try workers[0].run(job)
                goesOn = deliver(job.places, targets)
            } catch {
                queue.stop()
                _ = queue.finished(waiting: true)
                throw error
            }
            for result in try collected(queue, waiting: false) where goesOn {
                goesOn = deliver(result.places, result.targets)
            }
            turns.noteProgress()
            if mayPause, turns.isWanted { queue.pause() }
        }
        if !goesOn { queue.stop() }
        for result in try collected(queue, waiting: true) where goesOn {
            goesOn = deliver(result.places, result.targets)
        }
        return goesOn && queue.hasJobs
    }

    private func collected(_ queue: SweepQueue, waiting: Bool) throws(ExecutionError) -> [SweepQueue.Result] {
        let finished = queue.finished(waiting: waiting)
        if let error = finished.error {
            _ = queue.finished(waiting: true)
            throw error
        }
        return finished.results
    }
}

extension WindowSweep.Request {
    /// - Throws: where what is asked for does not fit together.
    fileprivate func check(image: Tensor, graph: Graph) throws(ExecutionError) {
        guard imageShape.rank == 4, imageShape[0] == 1, graph.inputs.count == 1 else {
            throw .windows("the network should have one input, and be asked about one image [1,C,H,W]")
        }
        try check(image)
        let fits = zip([rows, columns], [imageShape[2], imageShape[3]]).allSatisfy { ranges, extent in
            !ranges.isEmpty && ranges.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= extent }
        }
        guard fits else { throw .windows("every window should cover a part of the image and lie within it") }
    }

    func check(_ places: [WindowSweep.Place]) throws(ExecutionError) {
        guard places.allSatisfy({ rows.indices.contains($0.row) && columns.indices.contains($0.column) }) else {
            throw .windows("a place lies outside of the grid")
        }
    }

    fileprivate func check(_ tensor: Tensor) throws(ExecutionError) {
        guard tensor.shape == imageShape else {
            throw .windows("image and fill should have shape \(imageShape), got \(tensor.shape)")
        }
    }
}

extension Evaluator {
    /// A sweep for this request, compiled where there is none yet. `image` is what it is measured with.
    public func sweep(_ request: WindowSweep.Request, image: Tensor) throws(ExecutionError) -> WindowSweep {
        if let known = sweeps.value(for: request) { return known }
        let sweep = try faster(try WindowSweep(request, image: image, on: self), image: image)
        sweeps.keep(sweep, for: request)
        turns.noteProgress()
        return sweep
    }

    /// The sweep, or one that computes every hidden image whole, where that is measured to be faster: asked where the
    /// costs promise little.
    private func faster(_ sweep: WindowSweep, image: Tensor) throws(ExecutionError) -> WindowSweep {
        let expected = sweep.report.expected
        guard sweep.request.mode == .automatic,
            expected.whole < Evaluator.clearGain * expected.incremental
        else {
            return sweep
        }
        // Settled once for as long as the session lives, so that equal requests get equal bits.
        if sweepModes[sweep.request] == .incremental { return sweep }
        var request = sweep.request
        request.mode = .whole
        let whole = try WindowSweep(request, image: image, on: self)
        var isIncremental = false
        if sweepModes[sweep.request] == nil { isIncremental = try sweep.measured(image) <= whole.measured(image) }
        if sweepModes.count >= Evaluator.rememberedModes { sweepModes.removeAll() }
        sweepModes[sweep.request] = isIncremental ? .incremental : .whole
        return isIncremental ? sweep : WindowSweep(whole, as: sweep.request)
    }

    private static var rememberedModes: Int { 1000 }

    private static var clearGain: Double { 1.6 }

    /// How many sweeps stay compiled.
    static var cachedSweeps: Int { 3 }
}
