import Execution
import Foundation
import Networks
import ONNXImport
import Tensors

/// The engine's side of `occlusion.py`: `EngineBench occlusion MODEL WINDOW STRIDE HEIGHT WIDTH MODE`, with the image
/// [1,3,H,W] as raw little-endian floats on standard input where `-` follows. Sweeps the whole grid twice, the first
/// time compiling, and prints one JSON object.
enum OcclusionBench {
    static func run(_ words: [String]) async throws {
        guard words.count >= 6, let window = Int(words[1]), let stride = Int(words[2]), let height = Int(words[3]),
            let width = Int(words[4]), window > 0, stride > 0, height > 0, width > 0,
            let mode = ["automatic": WindowSweep.Request.Mode.automatic, "incremental": .incremental, "whole": .whole][
                words[5]]
        else {
            throw BenchmarkError(
                description: "EngineBench occlusion MODEL WINDOW STRIDE HEIGHT WIDTH automatic|incremental|whole")
        }
        let graph = try ONNXModel.load(contentsOf: URL(filePath: words[0]))
        guard let classifier = Classifier(graph) else { throw BenchmarkError(description: "not a classifier") }
        let threads = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap(Int.init)
        let session = try InferenceSession(
            graph: graph, threads: threads, algorithms: try BenchmarkCase.algorithms())
        let shape = try Shape([1, 3, height, width])
        let image = try input(shape, isGiven: words.count > 6)
        func ranges(_ extent: Int) -> [Range<Int>] {
            let count = (max(extent - window, 0) + stride - 1) / stride + 1
            return (0..<count).map { $0 * stride..<min($0 * stride + window, extent) }
        }
        var asked = WindowSweep.Request(
            imageShape: shape, rows: ranges(height), columns: ranges(width), target: classifier.scores, mode: mode)
        asked.fieldCap = ProcessInfo.processInfo.environment["CAP"].flatMap(Double.init)
        asked.arithmetic =
            ProcessInfo.processInfo.environment["ARITHMETIC"].flatMap(WindowSweep.Request.Arithmetic.init) ?? .single
        let request = asked
        // Every nth place, where all would take too long.
        let every = ProcessInfo.processInfo.environment["EVERY"].flatMap(Int.init) ?? 1
        let grid = request.rows.indices.flatMap { row in
            request.columns.indices.map { WindowSweep.Place(row: row, column: $0) }
        }
        let places = every > 1 ? grid.enumerated().filter { $0.offset % every == 0 }.map(\.element) : grid
        let answer = try await session.perform { (evaluator) throws(any Error) -> Answer in
            let clock = ContinuousClock()
            let start = clock.now
            let sweep = try evaluator.sweep(request, image: image)
            let prepared = clock.now
            var scores: [WindowSweep.Place: [Float]] = [:]
            func pass() async throws {
                let shown = try sweep.show(image: image, fill: Tensor(shape: shape))
                try await shown.run(places: places) { places, targets in
                    for (place, target) in zip(places, targets) { scores[place] = target }
                    return true
                }
            }
            try await pass()
            let compiled = clock.now
            let before = sweep.report
            let user = Self.processorSeconds()
            try await pass()
            let end = clock.now
            let processor = Self.processorSeconds() - user
            let after = sweep.report
            let nodes = after.seconds.map { name, seconds in
                let count = after.multiplications[name]
                let done = (count?.share ?? 0) * Double(count?.whole ?? 0) * Double(places.count)
                return Node(
                    name: name, seconds: seconds - before.seconds[name, default: 0], multiplications: done,
                    share: count?.share)
            }
            let classes = after.groups.map { one in
                [Double(one.places), Double(one.items), one.share, one.estimated * 1000]
            }
            var answer = Answer()
            answer.places = places.count
            answer.seconds = (end - compiled) / .seconds(1)
            answer.processor = processor
            answer.preparing = (prepared - start) / .seconds(1)
            answer.first = (compiled - prepared) / .seconds(1)
            answer.compiling = after.compiling
            answer.computing = after.computing - before.computing
            answer.grafting = after.grafting - before.grafting
            answer.items = after.items - before.items
            answer.nodes = nodes.sorted { $0.seconds > $1.seconds }
            answer.saved = after.savedShare
            answer.multiplications = after.wholeMultiplications
            answer.classes = classes
            answer.expected = [after.expected.incremental, after.expected.whole]
            answer.scores = words.last == "scores" ? places.map { scores[$0] ?? [] } : []
            return answer
        }
        let data = try JSONEncoder().encode(answer)
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }

    private struct Node: Codable {
        let name: String
        let seconds, multiplications: Double
        let share: Double?
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
    }

    private struct Answer: Codable {
        var places = 0
        /// Of the second sweep by the clock, and of all threads.
        var seconds = 0.0
        var processor = 0.0
        /// Deciding on classes, and the first sweep, which compiles.
        var preparing = 0.0
        var first = 0.0
        /// Processor seconds: of both sweeps, and twice of the second.
        var compiling = 0.0
        var computing = 0.0
        var grafting = 0.0
        /// Computed in the second sweep, with what filled up batches.
        var items = 0
        /// Of the second sweep; the share of the node's multiplications that is done, where it has any.
        var nodes: [Node] = []
        /// Of the multiplications.
        var saved = 0.0
        /// Of one whole pass.
        var multiplications = 0
        /// Places, items per batch, share of the multiplications, milliseconds expected per place.
        var classes: [[Double]] = []
        /// Processor seconds per place, incremental and whole.
        var expected: [Double] = []
        var scores: [[Float]] = []
    }

    static func input(_ shape: Shape, isGiven: Bool) throws -> Tensor {
        guard isGiven else {
            var state: UInt64 = 1
            return Tensor(shape: shape) { values in
                for index in values.indices {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    values[index] = Float(state >> 40) / Float(1 << 23) - 1
                }
            }
        }
        let data = FileHandle.standardInput.readDataToEndOfFile()
        guard data.count == shape.count * MemoryLayout<Float>.stride else {
            throw BenchmarkError(description: "expected \(shape.count) floats, got \(data.count) bytes")
        }
        return Tensor(shape: shape) { values in _ = data.copyBytes(to: values) }
    }
}
