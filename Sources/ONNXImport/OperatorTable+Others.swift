import Networks

/// Takes a node apart; false where it is an ordinary operator after all.
typealias StructuralBuilder = @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Bool

extension OperatorTable {
    /// Operators that hold graphs or make lists of tensors.
    static let structural: [String: StructuralBuilder] = [
        "ConcatFromSequence": buildConcatFromSequence,
        "Identity": buildSequenceIdentity,
        "If": buildIf,
        "Loop": buildLoop,
        "Scan": buildScan,
        "SequenceAt": buildSequenceAt,
        "SequenceConstruct": buildSequenceConstruct,
        "SequenceEmpty": buildSequenceEmpty,
        "SequenceErase": buildSequenceErase,
        "SequenceInsert": buildSequenceInsert,
        "SequenceLength": buildSequenceLength,
        "SplitToSequence": buildSplitToSequence,
    ]

    /// Operators of ONNX Runtime's own (domain `com.microsoft`), which its optimizer and its quantizer write.
    static let contributed: [String: Entry] = [
        "BiasGelu": Entry(inputs: 2...2, build: buildBiasGelu),
        "DequantizeLinear": Entry(inputs: 2...3, build: buildDequantizeLinear),
        "FastGelu": Entry(inputs: 1...2, build: buildFastGelu),
        "FusedConv": Entry(inputs: 2...4, build: buildFusedConv),
        "FusedGemm": Entry(inputs: 2...3, build: buildFusedGemm),
        "FusedMatMul": Entry(inputs: 2...2, build: buildFusedMatMul),
        "Gelu": Entry(inputs: 1...1, build: buildGelu),
        "LayerNormalization": Entry(inputs: 2...3, build: buildLayerNormalization),
        "QGemm": Entry(inputs: 6...9, build: buildQuantizedGemm),
        "QLinearAdd": Entry(inputs: 7...8, build: buildQuantizedArithmetic(.add)),
        "QLinearAveragePool": Entry(inputs: 4...5, build: buildQuantizedAveragePool),
        "QLinearConcat": Entry(inputs: 5...many, build: buildQuantizedConcat),
        "QLinearGlobalAveragePool": Entry(inputs: 4...5, build: buildQuantizedGlobalAveragePool),
        "QLinearLeakyRelu": Entry(inputs: 4...5, build: buildQuantizedLeakyRelu),
        "QLinearMul": Entry(inputs: 7...8, build: buildQuantizedArithmetic(.multiply)),
        "QLinearSigmoid": Entry(inputs: 4...5, build: buildQuantizedSigmoid),
        "QLinearSoftmax": Entry(inputs: 5...5, build: buildQuantizedSoftmax),
        "QuantizeLinear": Entry(inputs: 2...3, build: buildQuantizeLinear),
        "QuickGelu": Entry(inputs: 1...1, build: buildQuickGelu),
        "RotaryEmbedding": Entry(inputs: 4...4, build: buildContributedRotaryEmbedding),
        "SkipLayerNormalization": Entry(inputs: 3...5, build: buildSkipLayerNormalization),
        "SkipSimplifiedLayerNormalization": Entry(inputs: 3...4, build: buildSkipSimplifiedLayerNormalization),
    ]

    static func entry(domain: String, operation: String) -> Entry? {
        switch domain {
        case "": entries[operation]
        case "com.microsoft": contributed[operation]
        default: nil
        }
    }
}
