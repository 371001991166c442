import Networks
import Tensors

func buildConv(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let weights = builder.constant(node, 1)?.tensor else {
        throw node.unsupported("weights that are computed by other nodes")
    }
    if let biasID = builder.input(node, 2), builder.graph.constants[biasID]?.tensor == nil {
        throw node.unsupported("a bias that is computed by other nodes")
    }
    let kernel = Array(weights.shape.dimensions.dropFirst(2))
    guard (1...2).contains(kernel.count) else { throw node.unsupported("\(kernel.count) spatial axes") }
    if let declared = try node.integers("kernel_shape"), declared != kernel {
        throw node.invalid("kernel_shape \(declared) does not fit weights \(weights.shape)")
    }
    let groups = try node.integer("group") ?? 1
    guard groups > 0 else { throw node.invalid("group = \(groups)") }
    try builder.append(
        node, .convolution(Convolution(window: try node.window(kernel: kernel), groups: groups)))
}

extension NodeReader {
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
