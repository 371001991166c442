import Networks

/// The kinds of layers that ``RelevanceRules`` tell apart.
enum LayerKind: Hashable {
    case convolution
    case fullyConnected
    /// A function of each value by itself.
    case activation
    /// Batch normalization that no convolution took in.
    case batchNormalization
    /// Each result is the largest of some values.
    case maximum
    /// Each result is one of the values that come in, in the order in which they came.
    case regrouping
    /// Each result is made of the values that come in by sums, products or anything else; a value that is moved is a sum of
    /// one.
    case mixture
}

extension Operator {
    /// What the operator is to relevance propagation.
    var layerKind: LayerKind {
        switch self {
        case .convolution: .convolution
        case .fullyConnected: .fullyConnected
        case .activation: .activation
        // A sum in digits is shared out by its parts; all else stands for the same value before and behind.
        case .quantization(.restore(let restoration)) where restoration.factors.count > 1: .mixture
        case .quantization: .activation
        case .batchNormalization: .batchNormalization
        case .pooling(let pooling):
            switch pooling.kind {
            case .maximum: .maximum
            case .averageIncludingPadding, .averageExcludingPadding: .mixture
            }
        case .globalPooling(.maximum): .maximum
        case .globalPooling(.average): .mixture
        case .flatten, .reshape, .concatenation, .identity: .regrouping
        case .transposedConvolution, .maximumUnpooling, .resize, .matrixProduct, .normalization,
            .localResponseNormalization, .softmax, .arithmetic, .reduction, .squeeze, .unsqueeze, .transpose, .slice,
            .part, .padding, .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .graft, .shapeArithmetic,
            .einsum, .extremum, .ranking, .accumulation, .triangle, .pick, .scatter,
            .recurrence, .sampling:
            .mixture
        }
    }
}
