import Execution
import Foundation
import Tensors

/// `EngineBench --compare KIND BATCH HEIGHT WIDTH FILE`: how far the numbers of INTERPRETD_ALGORITHMS are from those of
/// the library's own choice, relative to the largest magnitude.
enum Comparison {
    static func run(_ arguments: [String]) async {
        guard arguments.count == 6 else {
            print("usage: EngineBench --compare forward|gradient BATCH HEIGHT WIDTH FILE")
            return
        }
        do {
            let words = ["prepare", "-"] + arguments.dropFirst()
            let standard = try await answers(BenchmarkCase(words, algorithms: .standard))
            let chosen = try await answers(BenchmarkCase(words))
            for (name, (a, b)) in zip(["scores", "gradient"], zip(standard, chosen)) {
                let largest = a.values.map(abs).max() ?? 0
                let difference = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0
                print("\(name): \(difference / largest)")
            }
        } catch {
            print("error: \(error)")
        }
    }

    private static func answers(_ prepared: BenchmarkCase) async throws -> [Tensor] {
        try await prepared.session.perform { (evaluator) throws(any Error) in try prepared.answer(evaluator) }
    }
}
