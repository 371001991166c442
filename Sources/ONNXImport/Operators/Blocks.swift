import Networks
import Tensors

/// The sum of overlapping blocks (Col2Im): each value of a block goes through a transposed convolution whose weights are
/// a single 1. Its result is cropped, and padded where strides leave a rest, to the image.
func buildCol2Im(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let block = builder.constant(node, 2)?.integers else {
        throw node.unsupported("blocks whose extents are computed by other nodes")
    }
    let axes = block.count
    guard (1...3).contains(axes), block.allSatisfy({ (1...1 << 10).contains($0) }) else {
        throw node.unsupported("blocks \(block)")
    }
    let count = block.reduce(1, *)
    guard count <= 1 << 10, let shape = try? Shape([count, 1] + block) else {
        throw node.unsupported("blocks \(block)")
    }
    let ones = [Int](repeating: 1, count: axes)
    let stride = try node.integers("strides") ?? ones
    let dilation = try node.integers("dilations") ?? ones
    let pads = try node.integers("pads") ?? Array(repeating: 0, count: 2 * axes)
    guard stride.count == axes, dilation.count == axes, pads.count == 2 * axes,
        (stride + dilation).allSatisfy({ $0 > 0 }), pads.allSatisfy({ $0 >= 0 })
    else { throw node.invalid("strides \(stride), dilations \(dilation), pads \(pads)") }
    let spans = zip(block, dilation).map { ($0 - 1) * $1 + 1 }
    let x = builder.input(node, 0)
    let image = builder.input(node, 1)

    // How many blocks there are along each axis, and how far the sum of all of them reaches.
    let steps = try builder.derive(node, "strides", stride)
    let span = try builder.derive(node, "spans", spans)
    let margin = try builder.derive(node, "margin", (0..<axes).map { pads[$0] + pads[axes + $0] - spans[$0] })
    let room = try builder.step(node, .arithmetic(.add), [image, margin], named: "room")
    let moves = try builder.step(node, .arithmetic(.truncatedQuotient), [room, steps], named: "moves")
    let one = try builder.derive(node, "one", integer: 1)
    let blocks = try builder.step(node, .arithmetic(.add), [moves, one], named: "blocks")
    let reach = try builder.step(node, .arithmetic(.multiply), [moves, steps], named: "reach")
    let full = try builder.step(node, .arithmetic(.add), [reach, span], named: "full")

    let planes = try builder.derive(node, "planes", [-1, count])
    let columns = try builder.step(node, .concatenation(axis: 0), [planes, blocks], named: "columns")
    let values = try builder.step(node, .reshape, [x, columns], named: "values")
    let weights = Tensor(shape: shape) { target in
        for index in 0..<count { target[index * count + index] = 1 }
    }
    let kernel = try builder.derive(node, "kernel", .floats(weights))
    let zeros = [Int](repeating: 0, count: axes)
    let window = Window(
        kernel: block, stride: stride, dilation: dilation, padding: .explicit(begin: zeros, end: zeros))
    let sum = try builder.step(
        node,
        .transposedConvolution(
            TransposedConvolution(window: window, groups: 1, outputPadding: zeros, outputExtents: nil)),
        [values, kernel], named: "sum")

    let begin = try builder.derive(node, "begin", pads[..<axes].map { -$0 })
    let kept = try builder.step(node, .arithmetic(.subtract), [image, full], named: "kept")
    let end = try builder.step(node, .arithmetic(.subtract), [kept, begin], named: "end")
    let crop = try builder.step(node, .concatenation(axis: 0), [begin, end], named: "crop")
    let cropped = try builder.step(
        node, .padding(Padding(mode: .constant, axes: (0..<axes).map { $0 + 2 })), [sum, crop], named: "cropped")
    let items = try builder.step(node, .shapeArithmetic(.extents(first: 0, end: 1)), [x], named: "items")
    let rest = try builder.derive(node, "rest", [-1])
    let whole = try builder.step(node, .concatenation(axis: 0), [items, rest, image], named: "whole")
    try builder.append(node, .reshape, inputs: [cropped, whole])
}
