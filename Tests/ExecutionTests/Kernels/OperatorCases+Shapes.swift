import Networks
import Tensors

extension OperatorCase {
    static let rearrangements: [OperatorCase] = [
        OperatorCase("concatenation", .concatenation(axis: 1), [[2, 3, 4], [2, 1, 4], [2, 2, 4]]),
        OperatorCase("concatenation along the last axis", .concatenation(axis: -1), [[2, 3, 4], [2, 3, 1]]),
        OperatorCase("flatten", .flatten(axis: 2), [[2, 3, 4]]),
        OperatorCase("reshape", .reshape, [[2, 3, 4]], constants: [integers([0, -1, 2])]),
        OperatorCase("squeeze", .squeeze(axes: [1]), [[2, 1, 4]]),
        OperatorCase("unsqueeze", .unsqueeze(axes: [0, 2]), [[3, 4]]),
        OperatorCase("transpose", .transpose(order: [0, 2, 3, 1]), [[2, 3, 4, 5]]),
        OperatorCase("transpose, reversed", .transpose(order: nil), [[2, 3, 4]]),
        OperatorCase(
            "slice", .slice(axes: [1, 2]), [[2, 6, 7]],
            constants: [integers([1, -2]), integers([6, 0]), integers([2, -1])]
        ),
        OperatorCase(
            "slice by steps", .slice(axes: [1, 2]), [[2, 6, 7]],
            constants: [integers([0, 0]), integers([99, 99]), integers([2, 3])]),
        OperatorCase(
            "slice of the leading axis", .slice(axes: nil), [[5, 4]], constants: [integers([-3]), integers([9])]),
        OperatorCase(
            "slice backwards through everything", .slice(axes: [0]), [[5, 4]],
            constants: [integers([-1]), integers([.min]), integers([-1])]),
        OperatorCase("part of a split", .part(Part(axis: 1, pieces: .lengths([1, 3, 2]), index: 1)), [[2, 6, 3]]),
        OperatorCase("last part of an uneven split", .part(Part(axis: 0, pieces: .count(3), index: 2)), [[7, 3]]),
        OperatorCase(
            "padding with a constant", .padding(Padding(mode: .constant, axes: nil)), [[2, 3, 4]],
            constants: [integers([0, 1, -1, 1, 0, 2]), .floats(Tensor(shape: .scalar, repeating: 0.5))]),
        OperatorCase(
            "padding by reflection", .padding(Padding(mode: .reflect, axes: [1, 2])), [[2, 3, 4]],
            constants: [integers([2, 1, 0, 3])]),
        OperatorCase(
            "padding with the edge", .padding(Padding(mode: .edge, axes: [-1])), [[2, 3, 4]],
            constants: [integers([2, 3])]),
        OperatorCase(
            "padding around", .padding(Padding(mode: .wrap, axes: [1])), [[2, 3, 4]], constants: [integers([2, 1])]),
        OperatorCase("expansion", .expansion, [[3, 1]], constants: [integers([2, 3, 4])]),
        OperatorCase("expansion of channels", .expansion, [[1, 1, 4, 5]], constants: [integers([1, 3, 4, 5])]),
        OperatorCase("expansion that changes nothing", .expansion, [[1, 3, 4]], constants: [integers([1, 1, 1])]),
        OperatorCase("tiling", .tiling, [[1, 3, 2, 2]], constants: [integers([1, 2, 1, 3])]),
        OperatorCase("tiling of channels", .tiling, [[1, 3, 4, 5]], constants: [integers([1, 2, 1, 1])]),
        OperatorCase(
            "depth to space, rows first", .depthToSpace(DepthToSpace(block: 2, countsBlocksLast: false)),
            [[1, 8, 2, 3]]),
        OperatorCase(
            "depth to space, channels first", .depthToSpace(DepthToSpace(block: 2, countsBlocksLast: true)),
            [[1, 8, 2, 3]]),
        OperatorCase("space to depth", .spaceToDepth(block: 2), [[2, 2, 4, 6]]),
        OperatorCase(
            "gather", .gather(axis: 1), [[2, 5, 3]],
            constants: [(try? Shape([2, 2])).map { .integers(shape: $0, values: [0, -1, 0, 3]) }]),
        .resize(.nearest(.floor), .asymmetric, [1, 2, 7, 9]), .resize(.nearest(.halfUp), .halfPixel, [1, 2, 3, 3]),
        .resize(.nearest(.halfDown), .tensorFlowHalfPixel, [1, 2, 7, 9]), .resize(.linear, .halfPixel, [1, 2, 7, 9]),
        .resize(.linear, .alignCorners, [1, 2, 3, 11]), .resize(.linear, .pytorchHalfPixel, [1, 2, 1, 8]),
        .resize(.linear, .halfPixelSymmetric, [1, 2, 8, 4]), .resize(.linear, .asymmetric, [2, 3, 6, 7]),
        .resize(.cubic(a: -0.75), .halfPixel, [1, 2, 7, 3]),
        .resize(.linear, .halfPixel, [1, 2, 2, 3], isSmoothed: true),
        .resize(.cubic(a: -0.75), .halfPixel, [1, 2, 2, 2], isSmoothed: true),
    ]

    static let reductions: [OperatorCase] = {
        var cases: [OperatorCase] = []
        for kind in [Reduction.Kind.sum, .mean, .maximum, .minimum, .norm, .logSumExp] {
            cases.append(.reduction(kind, [1], keepsAxes: true))
            cases.append(.reduction(kind, [-1, 1], keepsAxes: false))
            cases.append(.reduction(kind, [2, 3], keepsAxes: false))
            cases.append(.reduction(kind, [0, 2], keepsAxes: true))
            cases.append(.reduction(kind, nil, keepsAxes: false))
        }
        // Few factors each, or the product's finite differences are too coarse.
        cases.append(.reduction(.product, [1], keepsAxes: true))
        cases.append(.reduction(.product, [-1], keepsAxes: false))
        return cases
    }()

    private static func reduction(_ kind: Reduction.Kind, _ axes: [Int]?, keepsAxes: Bool) -> OperatorCase {
        OperatorCase(
            "\(kind) over \(axes.map { "\($0)" } ?? "all")",
            .reduction(Reduction(kind: kind, axes: axes, keepsAxes: keepsAxes)), [[2, 3, 4, 5]])
    }

    private static func resize(
        _ mode: Resize.Mode, _ coordinates: Resize.Coordinates, _ extents: [Int], isSmoothed: Bool = false
    ) -> OperatorCase {
        OperatorCase(
            "resize \(mode) \(coordinates.rawValue) to \(extents)\(isSmoothed ? ", smoothed" : "")",
            .resize(Resize(mode: mode, coordinates: coordinates, isSmoothed: isSmoothed)),
            [extents.prefix(2) + [4, 5]],
            constants: [nil, integers(extents)])
    }
}
