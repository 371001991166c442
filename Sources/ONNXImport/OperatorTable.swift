import Networks

/// From ONNX operator name to builder. One line an operator; the builders stand in `Operators`, one file a family.
enum OperatorTable {
    struct Entry {
        /// How many inputs the operator takes.
        let inputs: ClosedRange<Int>
        let build: @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Void
    }

    static let entries: [String: Entry] = [
        "Add": Entry(inputs: 2...2, build: buildArithmetic(.add)),
        "AveragePool": Entry(inputs: 1...1, build: buildAveragePool),
        "BatchNormalization": Entry(inputs: 5...5, build: buildBatchNormalization),
        "Clip": Entry(inputs: 1...3, build: buildClip),
        "Concat": Entry(inputs: 1...256, build: buildConcat),
        "Constant": Entry(inputs: 0...0, build: buildConstant),
        "Conv": Entry(inputs: 2...3, build: buildConv),
        "Dropout": Entry(inputs: 1...3, build: buildDropout),
        "Elu": Entry(inputs: 1...1, build: buildElu),
        "Flatten": Entry(inputs: 1...1, build: buildFlatten),
        "Gemm": Entry(inputs: 2...3, build: buildGemm),
        "GlobalAveragePool": Entry(inputs: 1...1, build: buildGlobalPool(.average)),
        "GlobalMaxPool": Entry(inputs: 1...1, build: buildGlobalPool(.maximum)),
        "Identity": Entry(inputs: 1...1, build: buildIdentity),
        "LeakyRelu": Entry(inputs: 1...1, build: buildLeakyRelu),
        "LogSoftmax": Entry(inputs: 1...1, build: buildSoftmax(isLogarithmic: true)),
        "MatMul": Entry(inputs: 2...2, build: buildMatMul),
        "MaxPool": Entry(inputs: 1...1, build: buildMaxPool),
        "Relu": Entry(inputs: 1...1, build: buildActivation(.relu)),
        "Reshape": Entry(inputs: 2...2, build: buildReshape),
        "Sigmoid": Entry(inputs: 1...1, build: buildActivation(.sigmoid)),
        "Softmax": Entry(inputs: 1...1, build: buildSoftmax(isLogarithmic: false)),
        "Tanh": Entry(inputs: 1...1, build: buildActivation(.tanh)),
    ]
}
