/// What a node computes. Closed: whoever handles operators is told by the compiler when one is added.
///
/// The payloads stand in one file per family: `Window.swift`, `Elementwise.swift`, `Normalization.swift`,
/// `Rearrangement.swift`, `Resize.swift`, `ShapeArithmetic.swift`, `Recurrence.swift`, `Quantization.swift`,
/// `Sampling.swift`.
public enum Operator: Sendable, Hashable {
    // MARK: Windows

    /// Inputs x [N,C,…], weights [O,C/groups,…], bias [O]?.
    case convolution(Convolution)
    /// Inputs x [N,C,…], weights [C,O/groups,…], bias [O]?.
    case transposedConvolution(TransposedConvolution)
    /// Input x [N,C,…]. A second output, of maximum pooling only, holds where in its plane each maximum stood.
    case pooling(Pooling)
    /// Inputs x [N,C,…], the second output of a maximum pooling, and the output's shape (integers)?.
    case maximumUnpooling(Window)
    /// Input x [N,C,…] → [N,C,1,…].
    case globalPooling(GlobalPooling)
    /// Inputs x, scales (one per axis)?, extents (integers)?; exactly one of the two.
    case resize(Resize)

    // MARK: Matrices

    /// y = x·Wᵀ + b. Inputs x [… ,K], weights [O,K], bias [O]?.
    case fullyConnected
    /// Inputs a [… ,M,K] and b [… ,K,N]; the axes before them broadcast, a vector is a matrix of one row or column.
    case matrixProduct

    // MARK: Normalization

    /// Input x, scale, shift, mean, variance [C]. Inference: y = scale·(x − mean)/√(variance + ε) + shift.
    case batchNormalization(epsilon: Float)
    /// Inputs x, scale?, shift?: constants of the length that the kind says.
    case normalization(Normalization)
    case localResponseNormalization(LocalResponseNormalization)
    case softmax(Softmax)

    // MARK: Sequences, integers that stand for numbers, places

    /// A recurrent layer; its inputs and outputs are listed there.
    case recurrence(Recurrence)
    /// Between numbers and the integers that stand for them.
    case quantization(Quantization)
    /// Values of planes at places that other values name.
    case sampling(Sampling)

    // MARK: Values one by one, and sums of them

    /// A function of each value by itself.
    case activation(Activation)
    /// Two inputs, broadcast as NumPy does.
    case arithmetic(Arithmetic)
    case reduction(Reduction)
    /// A sum of products of any number of inputs.
    case einsum(Einsum)
    /// Input x → integers.
    case extremum(Extremum)
    /// Inputs x and how many (an integer) → the values, and their positions along the axis (integers).
    case ranking(Ranking)
    /// Inputs x and the axis (an integer).
    case accumulation(Accumulation)
    /// Inputs x [… ,R,C] and how far to the right the diagonal is moved (an integer)?.
    case triangle(Triangle)

    // MARK: The same values elsewhere

    /// Any number of inputs, joined along `axis` (negative counts from the end).
    case concatenation(axis: Int)
    /// [d₀…dₙ] → [d₀·…·d(axis−1), d(axis)·…·dₙ].
    case flatten(axis: Int)
    /// Inputs x and the new shape (integers: 0 copies an extent, −1 is inferred).
    case reshape
    /// Drops axes of extent 1: those named, or all.
    case squeeze(axes: [Int]?)
    /// Adds axes of extent 1, numbered as in the result.
    case unsqueeze(axes: [Int])
    /// Output axis i is input axis `order[i]`; nil reverses the axes.
    case transpose(order: [Int]?)
    /// Inputs x, first, end, and step? per axis of `axes` (integers); nil means the leading axes.
    case slice(axes: [Int]?)
    /// One of the pieces that an axis is cut into.
    case part(Part)
    /// Inputs x, the count of values added at the beginning of each axis and then at the end of each (integers), and
    /// the value?.
    case padding(Padding)
    /// Inputs x and the shape to broadcast it with (integers).
    case expansion
    /// Inputs x and how often it is repeated along each axis (integers).
    case tiling
    case depthToSpace(DepthToSpace)
    case spaceToDepth(block: Int)
    /// Inputs x and positions along `axis` (integers).
    case gather(axis: Int)
    /// Inputs x and indices (integers).
    case pick(Indexing)
    /// Inputs x, indices (integers), and the values to be put there.
    case scatter(Scatter)
    /// Inputs what has changed, the clean value, and the items' places; only in a ``PatchGraph``.
    case graft(Graft)
    /// y = x; dropped by canonicalization.
    case identity

    // MARK: Shape arithmetic

    /// Integers and what is made of them, all computed before the network runs.
    case shapeArithmetic(ShapeArithmetic)

    /// Whether it is a rectifier: max(x, 0), or ReLU6 and its kind, which cap that. What clips a scaled and shifted value has
    /// become a hard sigmoid in a canonical graph.
    public var isRectifier: Bool {
        switch self {
        case .activation(.relu): true
        case .activation(.clip(let lowest, let highest)): lowest == 0 && highest > 0
        default: false
        }
    }

    /// The name people know it by.
    public var name: String {
        switch self {
        case .convolution: "convolution"
        case .transposedConvolution: "transposed convolution"
        case .pooling(let pooling): pooling.kind == .maximum ? "max pooling" : "average pooling"
        case .maximumUnpooling: "max unpooling"
        case .globalPooling(let kind): kind == .maximum ? "global max pooling" : "global average pooling"
        case .resize: "resize"
        case .fullyConnected: "fully connected"
        case .matrixProduct: "matrix product"
        case .batchNormalization: "batch normalization"
        case .normalization(let normalization): normalization.name
        case .localResponseNormalization: "local response normalization"
        case .softmax(let softmax): softmax.isLogarithmic ? "log softmax" : "softmax"
        case .recurrence(let recurrence): recurrence.name
        case .quantization(let quantization): quantization.name
        case .sampling(let sampling): sampling.name
        case .activation(let activation): activation.name
        case .arithmetic(let kind): kind.rawValue
        case .reduction(let reduction): "reduction to the \(reduction.kind.rawValue)"
        case .einsum: "sum of products"
        case .extremum(let extremum): "position of the \(extremum.kind.rawValue)"
        case .ranking: "ranking"
        case .accumulation: "cumulative sum"
        case .triangle(let triangle): triangle.isUpper ? "upper triangle" : "lower triangle"
        case .concatenation: "concatenation"
        case .flatten: "flatten"
        case .reshape: "reshape"
        case .squeeze: "squeeze"
        case .unsqueeze: "unsqueeze"
        case .transpose: "transpose"
        case .slice: "slice"
        case .part: "split"
        case .padding: "padding"
        case .expansion: "expand"
        case .tiling: "tile"
        case .depthToSpace: "depth to space"
        case .spaceToDepth: "space to depth"
        case .gather: "gather"
        case .pick(.coordinates): "gather by coordinates"
        case .pick: "gather by element"
        case .scatter: "scatter"
        case .graft: "graft"
        case .identity: "identity"
        case .shapeArithmetic(let kind): kind.name
        }
    }
}
