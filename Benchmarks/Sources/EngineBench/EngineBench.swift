import Execution
import Foundation
import Networks
import ONNXImport
import Tensors

/// The engine as one side of `forward_and_gradient.py`, whose top describes the line protocol spoken here.
@main
enum EngineBench {
    static func main() async {
        if let command = CommandLine.arguments.dropFirst().first {
            let words = Array(CommandLine.arguments.dropFirst(2))
            do {
                switch command {
                case "occlusion": try await OcclusionBench.run(words)
                case "adaptive": try await AdaptiveBench.run(words)
                case "--compare": await Comparison.run([command] + words)
                default: await Profile.run([command] + words)
                }
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                exit(1)
            }
            return
        }
        var cases: [String: BenchmarkCase] = [:]
        while let line = readLine() {
            let words = line.split(separator: " ", maxSplits: 6).map(String.init)
            guard let request = words.first, request != "quit" else { return }
            let name = words.count > 1 ? words[1] : "-"
            do {
                switch request {
                case "prepare":
                    let clock = ContinuousClock()
                    let start = clock.now
                    let prepared = try await BenchmarkCase(words)
                    cases[name] = prepared
                    answer(["case": name, "ms": (clock.now - start) / .milliseconds(1)])
                case "run":
                    guard let prepared = cases[name], let repeats = words.count > 2 ? Int(words[2]) : nil else {
                        throw BenchmarkError(description: "prepare the case first")
                    }
                    let countsProcessor = words.count > 3 && words[3] == "processor"
                    answer(["case": name, "ms": try await prepared.run(repeats, countsProcessor: countsProcessor)])
                default: throw BenchmarkError(description: "unknown request '\(request)'")
                }
            } catch {
                answer(["case": name, "error": "\(error)"])
            }
        }
    }

    private static func answer(_ object: [String: Any]) {
        let data = (try? JSONSerialization.data(withJSONObject: object)) ?? Data("{}".utf8)
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
}

/// A network with an input, forward or with the gradient of a score.
struct BenchmarkCase: Sendable {
    /// The score that is differentiated, where the network has as many.
    static let classIndex = 3

    let session: InferenceSession
    let input: Tensor
    let derivatives: [Derivative]

    /// Loads the network and has it answer once.
    init(_ words: [String], algorithms: AlgorithmChoice? = nil) async throws {
        guard words.count == 7, let batch = Int(words[3]), let height = Int(words[4]), let width = Int(words[5]) else {
            throw BenchmarkError(description: "prepare CASE KIND BATCH HEIGHT WIDTH FILE")
        }
        let graph = try ONNXModel.load(contentsOf: URL(filePath: words[6]))
        let threads = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap(Int.init)
        session = try InferenceSession(graph: graph, threads: threads, algorithms: try algorithms ?? Self.algorithms())
        var state: UInt64 = 1
        // Of as many channels as the network takes, where its file says how many.
        let channels = graph.inputs[0].extents.count == 4 ? graph.inputs[0].extents[1] ?? 3 : 3
        input = Tensor(shape: try Shape([batch, channels, height, width])) { values in
            for index in values.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                values[index] = Float(state >> 40) / Float(1 << 23) - 1
            }
        }
        let scores = Classifier(graph)?.scores ?? graph.outputs[0]
        let rules: [String: BackwardRule] = ["gradient": .gradient, "relevance": .relevance(.epsilonPlus())]
        derivatives =
            rules[words[2]].map { [Derivative(of: scores, withRespectTo: [graph.inputs[0].value], rule: $0)] } ?? []
        _ = try await run(1)
    }

    /// INTERPRETD_ALGORITHMS names the file where measured speeds are kept; `standard` measures nothing, and an
    /// algorithm such as `winograd/blocked/0` is used wherever it is possible. Without it, speeds are measured and
    /// kept in memory.
    static func algorithms() throws -> AlgorithmChoice {
        guard let value = ProcessInfo.processInfo.environment["INTERPRETD_ALGORITHMS"] else {
            return .measured(AlgorithmTable(budget: .seconds(60), log: warn))
        }
        if value == "standard" { return .standard }
        if let algorithm = ConvolutionAlgorithm(value) { return .preferring(algorithm) }
        return .measured(AlgorithmTable(file: URL(filePath: value), budget: .seconds(60), log: warn))
    }

    @Sendable private static func warn(_ message: String) {
        FileHandle.standardError.write(Data("EngineBench: \(message)\n".utf8))
    }

    /// Milliseconds of each of `repeats` passes; of the thread's processor time where wanted.
    func run(_ repeats: Int, countsProcessor: Bool = false) async throws -> [Double] {
        try await session.perform { (evaluator) throws(any Error) in
            let clock = countsProcessor ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC
            return try (0..<repeats).map { _ in
                let start = Self.milliseconds(clock)
                _ = try answer(evaluator)
                return Self.milliseconds(clock) - start
            }
        }
    }

    /// The scores, and the gradient where one is asked for.
    func answer(_ evaluator: Evaluator) throws -> [Tensor] {
        let pass = try evaluator.forward([input], derivatives: derivatives)
        let scores = try pass.output()
        guard !derivatives.isEmpty else { return [scores] }
        let classes = scores.shape.dimensions.last ?? 1
        var seed = Tensor(shape: scores.shape)
        for item in 0..<scores.count / classes { seed[item * classes + min(Self.classIndex, classes - 1)] = 1 }
        return [scores] + (try pass.derivative(seed: seed)).compactMap { $0 }
    }

    private static func milliseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
}
