import Networks
import Tensors

func buildConv(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let kernel = try builder.kernel(node)
    try builder.append(
        node, .convolution(Convolution(window: try node.window(kernel: kernel), groups: try node.groups())))
}

func buildConvTranspose(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let kernel = try builder.kernel(node)
    let outputPadding = try node.integers("output_padding") ?? kernel.map { _ in 0 }
    // Some exporters write the batch and channels too.
    let outputExtents = try node.integers("output_shape").map { Array($0.suffix(kernel.count)) }
    guard outputPadding.count == kernel.count, outputPadding.allSatisfy({ $0 >= 0 }),
        outputExtents?.count ?? kernel.count == kernel.count, outputExtents?.allSatisfy({ $0 > 0 }) ?? true
    else { throw node.invalid("output_padding \(outputPadding), output_shape \(outputExtents ?? [])") }
    try builder.append(
        node,
        .transposedConvolution(
            TransposedConvolution(
                window: try node.window(kernel: kernel), groups: try node.groups(), outputPadding: outputPadding,
                outputExtents: outputExtents)))
}

extension GraphBuilder {
    /// The spatial extents of the weights, which must be constant.
    fileprivate func kernel(_ node: NodeReader) throws(ONNXError) -> [Int] {
        guard let weights = constant(node, 1)?.tensor else {
            throw node.unsupported("weights that are computed by other nodes")
        }
        if input(node, 2) != nil, constant(node, 2)?.tensor == nil {
            throw node.unsupported("a bias that is computed by other nodes")
        }
        let kernel = Array(weights.shape.dimensions.dropFirst(2))
        guard (1...3).contains(kernel.count) else { throw node.unsupported("\(kernel.count) spatial axes") }
        if let declared = try node.integers("kernel_shape"), declared != kernel {
            throw node.invalid("kernel_shape \(declared) does not fit weights \(weights.shape)")
        }
        return kernel
    }
}

extension NodeReader {
    fileprivate func groups() throws(ONNXError) -> Int {
        let groups = try integer("group") ?? 1
        guard groups > 0 else { throw invalid("group = \(groups)") }
        return groups
    }

    /// `strides`, `dilations`, `pads` and `auto_pad`, as convolutions and poolings have them.
    func window(kernel: [Int], roundsUp: Bool = false) throws(ONNXError) -> Window {
        let axes = kernel.count
        let ones = [Int](repeating: 1, count: axes)
        let stride = try integers("strides") ?? ones
        let dilation = try integers("dilations") ?? ones
        let pads = try integers("pads") ?? [Int](repeating: 0, count: 2 * axes)
        guard stride.count == axes, dilation.count == axes, pads.count == 2 * axes,
            (kernel + stride + dilation).allSatisfy({ $0 > 0 })
        else { throw invalid("kernel \(kernel), strides \(stride), dilations \(dilation), pads \(pads)") }
        guard pads.allSatisfy({ $0 >= 0 }) else { throw unsupported("negative pads \(pads)") }
        let padding: Window.Padding
        switch string("auto_pad") ?? "NOTSET" {
        case "NOTSET", "": padding = .explicit(begin: Array(pads[..<axes]), end: Array(pads[axes...]))
        case "VALID": padding = .explicit(begin: ones.map { _ in 0 }, end: ones.map { _ in 0 })
        case "SAME_UPPER": padding = .same(oddAtEnd: true)
        case "SAME_LOWER": padding = .same(oddAtEnd: false)
        case let other: throw invalid("auto_pad '\(other)'")
        }
        return Window(kernel: kernel, stride: stride, dilation: dilation, padding: padding, roundsUp: roundsUp)
    }
}
