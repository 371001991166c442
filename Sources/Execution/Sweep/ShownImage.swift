public import Tensors

/// An image that a sweep has taken up, and what shows in its windows.
///
/// The sweep may be shown other images by askers that have their turns in between; then it takes this one up again,
/// which costs one clean pass.
public struct ShownImage {
    /// The target of the clean image.
    public let target: Tensor
    private let sweep: WindowSweep
    /// [1,C,H,W].
    private let image: Tensor
    /// [1,C,H,W].
    private let fill: Tensor
    /// The sweep's, when it took the image up.
    private let generation: Int

    init(_ image: Tensor, fill: Tensor, target: Tensor, in sweep: WindowSweep) {
        self.sweep = sweep
        self.image = image
        self.fill = fill
        self.target = target
        generation = sweep.generation
    }

    /// Asks the network about the image with the fill in a window at each of `places`. Between batches the session may
    /// be another's for a turn.
    ///
    /// - Parameter deliver: gets places and their targets [places,…] as they are ready, in any order, on the session's
    ///   thread; false ends the sweep.
    public func run(
        places: [WindowSweep.Place], deliver: (_ places: [WindowSweep.Place], _ targets: [[Float]]) -> Bool
    ) async throws(ExecutionError) {
        try sweep.request.check(places)
        let queue = SweepQueue(sweep.compiler.jobs(for: places))
        var generation = generation
        while true {
            if generation != sweep.generation {
                try sweep.takeUp(image, fill: fill)
                generation = sweep.generation
            }
            guard try sweep.run(queue, mayPause: true, deliver) else { return }
            await sweep.turns.passOn()
        }
    }
}
