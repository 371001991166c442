/// How long one step of a plan took.
public struct StepTime: Sendable {
    /// ONNX name of the node the step belongs to.
    public let node: String
    /// The library's name of the kernel, such as `jit_wino_4x3:avx512_core`; `own` for kernels of this module.
    public let implementation: String
    public let isBackward: Bool
    public let milliseconds: Double
}
