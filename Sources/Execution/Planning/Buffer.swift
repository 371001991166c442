/// Memory that the steps of a list read and write.
enum Buffer {
    /// Memory that buffers which are not needed at the same time share.
    case arena(bytes: Int)
    /// Trained values, which outlive the plan.
    case weights(WeightStore.Block)
    /// An activation that another plan left in memory.
    case feature(FeatureStore.Entry)
}

/// Index of a buffer in ``StepList/buffers``.
struct BufferID: Hashable {
    let index: Int
}
