import Networks
import Tensors

/// Opset 10: inputs x, scales. From 11 on: x, roi (for a mode that is not supported), scales, sizes.
func buildResize(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    if node.opset < 11 {
        let mode = try node.resizeMode(roundsTo: .floor)
        return try builder.append(
            node, .resize(Resize(mode: mode, coordinates: .asymmetric)), inputs: [x, builder.input(node, 1), nil])
    }
    let coordinates = node.string("coordinate_transformation_mode") ?? "half_pixel"
    guard let coordinates = Resize.Coordinates(rawValue: coordinates) else {
        throw node.unsupported("coordinate_transformation_mode = \(coordinates)")
    }
    if try node.flag("antialias") { throw node.unsupported("antialias = 1") }
    let policy = node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard policy == "stretch" else { throw node.unsupported("keep_aspect_ratio_policy = \(policy)") }
    let rounding = node.string("nearest_mode") ?? "round_prefer_floor"
    guard let rounding = Resize.Rounding(rawValue: rounding) else { throw node.invalid("nearest_mode '\(rounding)'") }
    let resize = Resize(
        mode: try node.resizeMode(roundsTo: rounding), coordinates: coordinates,
        excludesOutside: try node.flag("exclude_outside"), axes: try node.integers("axes"))
    // An input without values counts as left out.
    func given(_ position: Int) -> ValueID? {
        builder.constant(node, position)?.shape.count == 0 ? nil : builder.input(node, position)
    }
    guard (given(2) == nil) != (given(3) == nil) else { throw node.invalid("needs either scales or sizes") }
    try builder.append(node, .resize(resize), inputs: [x, given(2), given(3)])
}

/// The predecessor of Resize. Opset 7: scales are an attribute; 9: an input.
func buildUpsample(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var scales = builder.input(node, 1)
    if let values = node.floats("scales") {
        guard let shape = try? Shape([values.count]), let tensor = try? Tensor(shape: shape, values: values) else {
            throw node.invalid("scales \(values)")
        }
        scales = try builder.derive(node, "scales", .floats(tensor))
    }
    try builder.append(
        node, .resize(Resize(mode: try node.resizeMode(roundsTo: .floor), coordinates: .asymmetric)),
        inputs: [builder.input(node, 0), scales, nil])
}

extension NodeReader {
    fileprivate func resizeMode(roundsTo rounding: Resize.Rounding) throws(ONNXError) -> Resize.Mode {
        switch string("mode") ?? "nearest" {
        case "nearest": return .nearest(rounding)
        case "linear", "bilinear": return .linear
        case "cubic": return .cubic(a: Double(float("cubic_coeff_a") ?? -0.75))
        case let other: throw unsupported("mode = \(other)")
        }
    }
}
