import Networks

/// How a signal at `output` goes back to the inputs of the node that made it.
struct TapeEntry {
    typealias VectorJacobianProduct = (PlanBuilder, PlannedTensor, BackwardRule) throws(ExecutionError) -> [(
        input: ValueID, signal: PlannedTensor
    )]

    let node: Node
    let output: ValueID
    let inputs: [ValueID]
    let vectorJacobianProduct: VectorJacobianProduct
}
