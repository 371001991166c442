/// One call of a kernel, and the buffers that it reads and writes.
struct Step {
    typealias Kernel = ([UnsafeMutableRawPointer]) throws(ExecutionError) -> Void

    enum Action {
        case primitive(Primitive, [(argument: Int32, tensor: PlannedTensor)])
        /// A kernel of our own, called with the addresses of the tensors.
        case kernel([PlannedTensor], Kernel)
    }

    /// The ONNX name of the node that the step belongs to.
    let name: String
    let action: Action
    let reads: [BufferID]
    let writes: [BufferID]
}
