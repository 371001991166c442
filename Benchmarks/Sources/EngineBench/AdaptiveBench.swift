import Execution
import Foundation
import Interpretation
import Networks
import ONNXImport
import Tensors

/// The adaptive side of `occlusion.py`: `EngineBench adaptive MODEL WINDOW STRIDE HEIGHT WIDTH [PARAMETER=VALUE …]`,
/// with the image on standard input. Computes the exact map once and the adaptive one twice, the first time compiling.
enum AdaptiveBench {
    private struct Answer: Codable {
        var seconds = 0.0
        var first = 0.0
        var exactSeconds = 0.0
        var places = 0
        var computed = 0
        /// Between the adaptive and the exact map of the explained score, over all places.
        var correlation = 0.0
        var largestError = 0.0
        var range = 0.0
        /// As the sample says.
        var reportedLargestError = 0.0
        var reportedCorrelation = 0.0
    }

    static func run(_ words: [String]) async throws {
        guard words.count >= 5, let window = Int(words[1]), let stride = Int(words[2]), let height = Int(words[3]),
            let width = Int(words[4])
        else {
            throw BenchmarkError(description: "EngineBench adaptive MODEL WINDOW STRIDE HEIGHT WIDTH [PARAMETER=VALUE]")
        }
        let threads = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap(Int.init)
        let network = try Network(
            graph: ONNXModel.load(contentsOf: URL(filePath: words[0])), threads: threads,
            algorithms: BenchmarkCase.algorithms())
        let image = try OcclusionBench.input(try Shape([1, 3, height, width]), isGiven: true)
        let grid: [String: ParameterValue] = ["window": .number(Double(window)), "stride": .number(Double(stride))]
        var adaptive = grid
        adaptive["precision"] = .text("adaptive")
        for word in words.dropFirst(5) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { adaptive[parts[0]] = Double(parts[1]).map { .number($0) } ?? .text(parts[1]) }
        }
        var answer = Answer()
        let (exact, exactSeconds) = try await explained(network, image, grid)
        let (_, first) = try await explained(network, image, adaptive)
        let (approximate, seconds) = try await explained(network, image, adaptive)
        answer.exactSeconds = exactSeconds
        answer.first = first
        answer.seconds = seconds
        let (a, b) = (
            (approximate.furtherMaps["score"] ?? exact.map).values, (exact.furtherMaps["score"] ?? exact.map).values
        )
        answer.places = b.count
        answer.correlation = correlation(a, b)
        answer.largestError = zip(a, b).map { Double(abs($0 - $1)) }.max() ?? 0
        answer.range = Double((b.max() ?? 0) - (b.min() ?? 0))
        if let approximation = approximate.approximation {
            answer.computed = approximation.computed
            answer.reportedLargestError = approximation.largestError
            answer.reportedCorrelation = approximation.correlation ?? 0
        }
        let data = try JSONEncoder().encode(answer)
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }

    private static func explained(
        _ network: Network, _ image: Tensor, _ parameters: [String: ParameterValue]
    ) async throws -> (Explanation, Double) {
        let method = try Methods.named("occlusion")
        let question = Question(network: network, input: image, parameters: parameters)
        let clock = ContinuousClock()
        let start = clock.now
        let explanation = try await network.session.perform { evaluator in
            try await method.explain(question, on: evaluator)
        }
        return (explanation, (clock.now - start) / .seconds(1))
    }

    private static func correlation(_ a: [Float], _ b: [Float]) -> Double {
        let count = Double(max(a.count, 1))
        let means = (a.reduce(0) { $0 + Double($1) } / count, b.reduce(0) { $0 + Double($1) } / count)
        var (cross, first, second) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            let (x, y) = (Double(x) - means.0, Double(y) - means.1)
            cross += x * y
            first += x * x
            second += y * y
        }
        return cross / max((first * second).squareRoot(), .leastNormalMagnitude)
    }
}
