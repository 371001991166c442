import Networks
import Tensors

/// The plan for batches of a group of places.
struct BatchPlan {
    let plan: Plan
    /// Places per batch.
    let items: Int
    /// The value that holds the target of each place.
    let output: ValueID

    /// The batch's input: where each place is. What is left of the last batch does the last place
    /// again.
    ///
    /// - Parameter places: at least one, at most ``items``.
    func table(_ places: some RandomAccessCollection<WindowSweep.Place>) -> Tensor? {
        guard let shape = try? Shape([items, 2]), let last = places.last else { return nil }
        return Tensor(shape: shape) { values in
            for item in 0..<items {
                let place = item < places.count ? places[places.index(places.startIndex, offsetBy: item)] : last
                values[2 * item] = Float(place.row)
                values[2 * item + 1] = Float(place.column)
            }
        }
    }

    /// Processor seconds of a batch by the name of the node, the shortest of a few runs each.
    func seconds(places: [WindowSweep.Place]) throws(ExecutionError) -> [String: Double] {
        guard let table = table(places) else { return [:] }
        var best: [String: Double] = [:]
        for _ in 0..<2 {
            var seconds: [String: Double] = [:]
            for step in try plan.runTimed([table]) { seconds[step.node, default: 0] += step.seconds }
            best.merge(seconds) { min($0, $1) }
        }
        return best
    }
}
