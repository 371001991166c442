import Execution
import Foundation
import Networks
import Tensors

/// `EngineBench --profile KIND BATCH HEIGHT WIDTH FILE`: the time of every step, and which kernel it ran.
enum Profile {
    static func run(_ arguments: [String]) async {
        guard arguments.count == 6, arguments[0] == "--profile" else {
            print("usage: EngineBench --profile forward|gradient|relevance BATCH HEIGHT WIDTH FILE")
            return
        }
        do {
            let prepared = try await BenchmarkCase(["prepare", "-"] + arguments.dropFirst())
            let (steps, weightBytes, planBytes) = try await prepared.session.perform { (evaluator) throws(any Error) in
                let times = try evaluator.profile([prepared.input], derivatives: prepared.derivatives, rounds: 20)
                let planBytes = try evaluator.planBytes(
                    inputShapes: [prepared.input.shape], derivatives: prepared.derivatives)
                return (times, evaluator.weightBytes, planBytes)
            }
            let total = steps.reduce(0) { $0 + $1.milliseconds }
            for step in steps {
                print(
                    text(step.milliseconds), "ms", text(100 * step.milliseconds / total), "%",
                    step.isBackward ? "back   " : "forward",
                    step.implementation.padding(toLength: 32, withPad: " ", startingAt: 0), step.node)
            }
            print("\nby kernel")
            let kernels = Dictionary(grouping: steps) {
                "\($0.isBackward ? "back   " : "forward") \($0.implementation)"
            }
            let sums = kernels.mapValues { $0.reduce(0) { $0 + $1.milliseconds } }
            for (kernel, sum) in sums.sorted(by: { $0.value > $1.value }) {
                print(text(sum), "ms", text(100 * sum / total), "%", kernels[kernel]?.count ?? 0, "×", kernel)
            }
            let passes = try await prepared.run(15).sorted()
            print(
                "\nsteps \(text(total)) ms, whole pass \(text(passes[passes.count / 2])) ms in the median,",
                "\(text(passes[0])) ms at best; weights \(weightBytes >> 20) MiB, plan \(planBytes >> 20) MiB")
        } catch {
            print("error: \(error)")
        }
    }

    private static func text(_ value: Double) -> String { String(format: "%8.3f", value) }
}
