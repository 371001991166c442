import Networks
import Tensors

// Recurrent layers, integers that stand for numbers, and values at named places.
extension OperatorCase {
    static let recurrences: [OperatorCase] = {
        let defaults: [Recurrence.Function] = [.sigmoid, .tanh, .tanh]
        let kinds: [Recurrence.Kind] = [
            .longShortTermMemory(couplesForget: false), .longShortTermMemory(couplesForget: true),
            .gatedRecurrentUnit(resetsProduct: false), .gatedRecurrentUnit(resetsProduct: true), .plain,
        ]
        var cases: [OperatorCase] = []
        for kind in kinds {
            let functions = kind == .plain ? [.tanh] : Array(defaults.prefix(kind.functions))
            let isLong = kind.gates == 4
            for reverse in [[false], [true], [false, true]] {
                let (d, hidden) = (reverse.count, 3)
                let recurrence = Recurrence(
                    kind: kind,
                    directions: reverse.map { Recurrence.Direction(isReverse: $0, functions: functions) }, clip: nil)
                // Contributions and first states are differentiated; between them stand weights, bias and lengths.
                cases.append(
                    OperatorCase(
                        "\(kind) \(reverse)", .recurrence(recurrence),
                        [[4, 2, d * kind.gates * hidden], [d, 2, hidden]] + (isLong ? [[d, 2, hidden]] : []),
                        constants: [
                            weights([d, kind.gates * hidden, hidden]), weights([d, kind.gates * hidden]),
                            integers([4, 3]), weights([d, 3 * hidden]), nil,
                        ],
                        order: isLong ? [0, 3, 4, 5, 1, 2, 6] : [0, 2, 3, 4, 1]))
            }
        }
        let others: [Recurrence.Function] = [
            .softsign, .softplus, .affine(alpha: 0.5, beta: 0.1), .leakyRelu(alpha: 0.1),
            .scaledTanh(alpha: 0.7, beta: 0.9), .elu(alpha: 0.6), .hardSigmoid(alpha: 0.2, beta: 0.5),
        ]
        for function in others {
            let direction = Recurrence.Direction(isReverse: false, functions: [function])
            cases.append(
                OperatorCase(
                    "recurrent layer with \(function)",
                    .recurrence(Recurrence(kind: .plain, directions: [direction], clip: nil)), [[3, 1, 2]],
                    constants: [weights([1, 2, 2])]))
        }
        return cases
    }()

    static let samplings: [OperatorCase] = {
        var cases: [OperatorCase] = []
        for mode in [GridSampling.Mode.linear, .cubic] {
            for outside in [GridSampling.Outside.zeros, .border, .reflection] {
                for alignsCorners in [false, true] {
                    // Between two positions along both axes, inside and outside of the plane.
                    let ranges: [ClosedRange<Float>] =
                        alignsCorners
                        ? [0.54...0.95, 1.04...1.29]
                        : [0.44...0.71, outside == .reflection ? 1.27...1.37 : 1.03...1.17]
                    for range in ranges {
                        cases.append(
                            OperatorCase(
                                "grid \(mode) \(outside) \(alignsCorners) \(range)",
                                .sampling(
                                    .grid(
                                        GridSampling(mode: mode, outside: outside, alignsCorners: alignsCorners))),
                                [[2, 3, 4, 5], [2, 2, 3, 2]], range: range,
                                tolerance: outside == .reflection ? 3e-2 : 1e-2))
                    }
                }
            }
        }
        cases.append(
            OperatorCase(
                "grid nearest, by its values",
                .sampling(.grid(GridSampling(mode: .nearest, outside: .border, alignsCorners: false))),
                [[1, 2, 4, 5]], constants: [weights([1, 3, 3, 2])]))
        let boxes = Constant.floats(
            Tensor(shape: (try? Shape([3, 4])) ?? .scalar) { values in
                let corners: [Float] = [0.3, 0.4, 4.1, 3.7, -1, 1.2, 2.5, 6, 2, 2, 2.5, 2.2]
                for index in values.indices { values[index] = corners[index] }
            })
        for (isHalfPixel, samples, takesMaximum) in [(true, 2, false), (false, 0, false), (true, 2, true)] {
            cases.append(
                OperatorCase(
                    "boxes \(isHalfPixel) \(samples) \(takesMaximum)",
                    .sampling(
                        .boxes(
                            BoxSampling(
                                height: 2, width: 3, samples: samples, scale: 0.9, isHalfPixel: isHalfPixel,
                                takesMaximum: takesMaximum))),
                    [[2, 2, 5, 6]], constants: [boxes, integers([0, 1, 1])]))
        }
        let placed = window([2, 3], stride: [2, 1], dilation: [1, 2], begin: [1, 0], end: [0, 1])
        cases.append(
            OperatorCase(
                "deformed windows with factors", .sampling(.deformed(placed, groups: 2)),
                [[1, 4, 5, 7], [1, 24, 3, 4], [1, 12, 3, 4]], range: 0.05...0.95, tolerance: 6e-3))
        cases.append(
            OperatorCase(
                "deformed windows", .sampling(.deformed(placed, groups: 1)), [[2, 2, 5, 7], [2, 12, 3, 4]],
                range: 0.05...0.95, tolerance: 6e-3))
        return cases
    }()

    static let quantizations: [OperatorCase] = [
        OperatorCase(
            "dequantize by channel", .quantization(.dequantize(Quantization.Grouping(axis: 1))), [[2, 3, 4]],
            constants: [weights([3]), integers([0, 3, -2])]),
        OperatorCase(
            "dequantize in blocks", .quantization(.dequantize(Quantization.Grouping(axis: -1, block: 3))),
            [[2, 3, 4]], constants: [weights([2, 3, 2])]),
    ]
}
