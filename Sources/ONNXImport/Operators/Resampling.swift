import Networks
import Tensors

/// Opset 10: inputs x, scales. From 11 on: x, roi, scales, sizes.
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
    let policy = node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard let policy = Resize.AspectPolicy(rawValue: policy) else {
        throw node.invalid("keep_aspect_ratio_policy '\(policy)'")
    }
    let rounding = node.string("nearest_mode") ?? "round_prefer_floor"
    guard let rounding = Resize.Rounding(rawValue: rounding) else { throw node.invalid("nearest_mode '\(rounding)'") }
    let resize = Resize(
        mode: try node.resizeMode(roundsTo: rounding), coordinates: coordinates,
        excludesOutside: try node.flag("exclude_outside"), axes: try node.integers("axes"), aspect: policy,
        isSmoothed: try node.flag("antialias"),
        crop: coordinates == .tensorFlowCrop ? try builder.crop(node) : [])
    // An input without values counts as left out.
    func given(_ position: Int) -> ValueID? {
        builder.constant(node, position)?.shape.count == 0 ? nil : builder.input(node, position)
    }
    guard (given(2) == nil) != (given(3) == nil) else { throw node.invalid("needs either scales or sizes") }
    let outside = coordinates == .tensorFlowCrop ? node.float("extrapolation_value") ?? 0 : 0
    guard outside != 0 else {
        return try builder.append(node, .resize(resize), inputs: [x, given(2), given(3)])
    }
    // The map is linear and gives 0 outside: (map of x − v) + v gives v there and changes nothing inside.
    func plus(_ summand: Float) -> Operator { .activation(.linear(factor: 1, summand: summand)) }
    let lowered = try builder.step(node, plus(-outside), [x], named: "lowered")
    let resized = try builder.step(node, .resize(resize), [lowered, given(2), given(3)], named: "resized")
    try builder.append(node, plus(outside), inputs: [resized])
}

/// The predecessor of Resize. Opset 1: a factor for rows and one for columns; 7: scales are an attribute; 9: an input.
func buildUpsample(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var scales = builder.input(node, 1)
    var values = node.floats("scales")
    if let rows = node.float("height_scale"), let columns = node.float("width_scale") {
        values = [1, 1, rows, columns]
    }
    if let values {
        guard let shape = try? Shape([values.count]), let tensor = try? Tensor(shape: shape, values: values) else {
            throw node.invalid("scales \(values)")
        }
        scales = try builder.derive(node, "scales", .floats(tensor))
    }
    try builder.append(
        node, .resize(Resize(mode: try node.resizeMode(roundsTo: .floor), coordinates: .asymmetric)),
        inputs: [builder.input(node, 0), scales, nil])
}

extension GraphBuilder {
    /// The region of interest of tf_crop_and_resize: the starts of all axes, then the ends.
    fileprivate func crop(_ node: NodeReader) throws(ONNXError) -> [Resize.Crop] {
        guard let region = constant(node, 1)?.tensor?.values, region.count.isMultiple(of: 2), !region.isEmpty,
            region.allSatisfy(\.isFinite)
        else { throw node.unsupported("a region of interest that the model does not store as finite numbers") }
        let count = region.count / 2
        return (0..<count).map { Resize.Crop(start: Double(region[$0]), end: Double(region[count + $0])) }
    }
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
