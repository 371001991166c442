import Networks
import Tensors

func buildGridSample(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let mode: GridSampling.Mode
    switch node.string("mode") ?? "linear" {
    case "linear", "bilinear": mode = .linear
    case "nearest": mode = .nearest
    case "cubic", "bicubic": mode = .cubic
    case let other: throw node.invalid("mode '\(other)'")
    }
    let outside = node.string("padding_mode") ?? "zeros"
    guard let outside = GridSampling.Outside(rawValue: outside) else {
        throw node.invalid("padding_mode '\(outside)'")
    }
    try builder.append(
        node,
        .sampling(.grid(GridSampling(mode: mode, outside: outside, alignsCorners: try node.flag("align_corners")))))
}

/// Inputs θ [N,2,3] and the extents [N,C,H,W] → places [N,H,W,2]: θ times the places of an untouched plane.
func buildAffineGrid(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let extents = builder.constant(node, 1)?.integers, extents.allSatisfy({ (1...1 << 14).contains($0) }) else {
        throw node.unsupported("extents that the model does not store")
    }
    guard extents.count == 4 || extents.count == 5 else { throw node.invalid("extents \(extents)") }
    let spatial = Array(extents.dropFirst(2))
    let alignsCorners = try node.flag("align_corners")
    let count = spatial.reduce(1, *)
    guard count <= 1 << 24 else { throw node.unsupported("extents \(extents)") }
    var places: [Float] = []
    places.reserveCapacity(count * (spatial.count + 1))
    for index in 0..<count {
        var rest = index
        for extent in spatial.reversed() {
            let position = Float(rest % extent)
            rest /= extent
            // The last axis comes first: x before y before z.
            if alignsCorners {
                places.append(extent == 1 ? 0 : 2 * position / Float(extent - 1) - 1)
            } else {
                places.append((2 * position + 1) / Float(extent) - 1)
            }
        }
        places.append(1)
    }
    let base = try builder.derived(node, "places", places, [1, count, spatial.count + 1])
    let turned = try builder.step(node, .transpose(order: [0, 2, 1]), [builder.input(node, 0)], named: "turned")
    let product = try builder.step(node, .matrixProduct, [base, turned], named: "product")
    let shape = try builder.derive(node, "shape", [extents[0]] + spatial + [spatial.count])
    try builder.append(node, .reshape, inputs: [product, shape])
}

func buildRoiAlign(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let mode = node.string("mode") ?? "avg"
    guard ["avg", "max"].contains(mode) else { throw node.invalid("mode '\(mode)'") }
    let coordinates =
        node.string("coordinate_transformation_mode") ?? (node.opset < 16 ? "output_half_pixel" : "half_pixel")
    guard ["half_pixel", "output_half_pixel"].contains(coordinates) else {
        throw node.invalid("coordinate_transformation_mode '\(coordinates)'")
    }
    let (height, width) = (try node.integer("output_height") ?? 1, try node.integer("output_width") ?? 1)
    let samples = try node.integer("sampling_ratio") ?? 0
    guard (1...4096).contains(height), (1...4096).contains(width), (0...1024).contains(samples) else {
        throw node.invalid("output of \(height)×\(width) from \(samples) samples")
    }
    try builder.append(
        node,
        .sampling(
            .boxes(
                BoxSampling(
                    height: height, width: width, samples: samples, scale: node.float("spatial_scale") ?? 1,
                    isHalfPixel: coordinates == "half_pixel", takesMaximum: mode == "max"))))
}

/// The windows' values at their moved places, then a matrix product with the weights. Inputs x, weights, offsets, bias?,
/// factors?.
func buildDeformConv(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let weights = builder.constant(node, 1)?.tensor, weights.shape.rank == 4, weights.count > 0 else {
        throw node.unsupported("weights that are computed, or of another number of spatial axes than two")
    }
    let kernel = Array(weights.shape.dimensions.suffix(2))
    let window = try node.window(kernel: kernel)
    let (groups, offsetGroups) = (try node.integer("group") ?? 1, try node.integer("offset_group") ?? 1)
    let outputs = weights.shape[0]
    guard groups > 0, outputs % groups == 0, offsetGroups > 0 else { throw node.invalid("group = \(groups)") }
    let values = try builder.step(
        node, .sampling(.deformed(window, groups: offsetGroups)),
        [builder.input(node, 0), builder.input(node, 2), builder.input(node, 4)], named: "values")
    // [N,C,kernel,H′,W′] → [N,groups,C/groups·kernel,H′·W′]
    let plane = try builder.extents(node, values, 3, 5, "plane")
    let inner = weights.shape[1] * kernel[0] * kernel[1]
    let columns = try builder.reshape(node, values, [0, groups, inner, -1], "columns")
    let matrix = try builder.derived(
        node, "weights", weights.values, [groups, outputs / groups, inner])
    let product = try builder.step(node, .matrixProduct, [matrix, columns], named: "product")
    let channels = try builder.derive(node, "channels", [0, outputs])
    let shape = try builder.step(node, .concatenation(axis: 0), [channels, plane], named: "shape")
    guard builder.input(node, 3) != nil else { return try builder.append(node, .reshape, inputs: [product, shape]) }
    guard let bias = builder.constant(node, 3)?.tensor, bias.count == outputs else {
        throw node.unsupported("a bias that is computed by other nodes")
    }
    let sums = try builder.step(node, .reshape, [product, shape], named: "sums")
    let column = try builder.derived(node, "bias", bias.values, [outputs, 1, 1])
    try builder.append(node, .arithmetic(.add), inputs: [sums, column])
}
