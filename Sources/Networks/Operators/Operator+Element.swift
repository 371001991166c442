public import Tensors

extension Operator {
    /// What the numbers of a result stand for, where those of the inputs stand for `inputs` (nil: left out).
    ///
    /// - Parameter output: position of the result.
    public func element(ofOutput output: Int = 0, given inputs: [Element?]) -> Element {
        let first = inputs.first.flatMap { $0 } ?? .float
        switch self {
        case .shapeArithmetic(let kind):
            switch kind {
            case .extents, .count, .nonZero, .filled(.integer): return .integer
            case .filled(.float): return .float
            case .range: return first
            case .selection: return (inputs.count > 1 ? inputs[1] : nil) ?? .float
            case .comparison, .logic: return .flag
            case .cast(let element): return element
            }
        case .extremum: return .integer
        case .quantization(.dequantize), .recurrence, .sampling: return .float
        case .quantization(.quantize), .quantization(.restore): return .integer
        case .quantization(.dynamic): return output == 1 ? .float : .integer
        case .einsum, .ranking, .accumulation, .triangle, .pick, .scatter, .pooling, .convolution,
            .transposedConvolution, .maximumUnpooling, .globalPooling, .resize,
            .fullyConnected, .matrixProduct, .batchNormalization, .normalization, .localResponseNormalization,
            .softmax, .activation, .arithmetic, .reduction, .concatenation, .flatten, .reshape, .squeeze, .unsqueeze,
            .transpose, .slice, .part, .padding, .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .graft,
            .identity:
            return output == 0 ? first : .integer
        }
    }

    /// Whether the first result's numbers are of the type of the first input's, however many bits that has.
    public var keepsElementType: Bool {
        switch self {
        case .identity, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .slice, .part, .padding, .expansion,
            .tiling, .depthToSpace, .spaceToDepth, .gather, .concatenation, .pick, .arithmetic:
            true
        default: false
        }
    }
}
