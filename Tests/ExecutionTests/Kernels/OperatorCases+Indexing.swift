import Networks
import Tensors

extension OperatorCase {
    /// Values at places that indices name, and values put there.
    static let indexings: [OperatorCase] = {
        var cases = [
            OperatorCase(
                "gather by element", .pick(.elements(axis: 1)), [[2, 3, 4]],
                constants: [integers([2, 2, 3], [0, 2, 1, -1, 0, 0, 1, 1, 2, 2, 2, -3])]),
            OperatorCase(
                "gather by coordinates", .pick(.coordinates(batchAxes: 0)), [[2, 3, 4]],
                constants: [integers([4, 2], [0, 1, 1, -1, 1, 2, 0, 0])]),
            OperatorCase(
                "gather by coordinates, in batches", .pick(.coordinates(batchAxes: 1)), [[2, 3, 4]],
                constants: [integers([2, 2, 1], [0, 2, 1, 1])]),
        ]
        for combination in [nil, Scatter.Combination.add, .multiply, .maximum, .minimum] {
            let name = combination?.rawValue ?? "replace"
            cases.append(
                OperatorCase(
                    "scatter by element, \(name)",
                    .scatter(Scatter(indexing: .elements(axis: -1), combination: combination)), [[3, 5], [3, 4]],
                    constants: [integers([3, 4], [0, 2, 2, 4, 1, 1, -4, 3, 0, 1, 2, -1])], order: [0, 2, 1]))
            cases.append(
                OperatorCase(
                    "scatter by coordinates, \(name)",
                    .scatter(Scatter(indexing: .coordinates(batchAxes: 0), combination: combination)),
                    [[3, 4, 2], [3, 2]],
                    constants: [integers([3, 2], [0, 1, 2, -1, 0, 1])], order: [0, 2, 1]))
        }
        return cases
    }()

    static let orderings: [OperatorCase] = [
        OperatorCase(
            "the largest of each column", .ranking(Ranking(axis: 1, isDescending: true)), [[2, 5, 3]],
            constants: [integers([3])]),
        OperatorCase(
            "the smallest of each row", .ranking(Ranking(axis: -1, isDescending: false)), [[2, 5]],
            constants: [integers([2])]),
        OperatorCase(
            "sums up to each", .accumulation(Accumulation(isExclusive: false, isReversed: false)), [[2, 4, 3]],
            constants: [integers([1])]),
        OperatorCase(
            "sums behind each", .accumulation(Accumulation(isExclusive: true, isReversed: true)), [[2, 4]],
            constants: [integers([-1])]),
        OperatorCase(
            "upper triangle", .triangle(Triangle(isUpper: true)), [[2, 3, 4]], constants: [integers([1])]),
        OperatorCase("lower triangle", .triangle(Triangle(isUpper: false)), [[4, 3]]),
    ]

    /// Equations and the extents of their operands.
    static let einsums: [OperatorCase] = [
        ("ij,jk->ik", [[3, 4], [4, 2]]), ("bhid,bhjd->bhij", [[2, 2, 3, 4], [2, 2, 5, 4]]),
        ("bhij,bjhd->bihd", [[2, 2, 3, 4], [2, 4, 2, 3]]), ("ii->i", [[3, 3]]), ("ii", [[3, 3]]), ("ij->j", [[3, 4]]),
        ("ij->ji", [[3, 4]]), ("i,j->ij", [[3], [4]]), ("...ij,...jk->...ik", [[2, 3, 4], [1, 4, 2]]),
        ("b...c,c->b...", [[2, 3, 2, 4], [4]]), ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 2]]),
        ("bij,bij->b", [[2, 3, 4], [2, 3, 4]]), ("ibnd,jbnd->bnij", [[3, 2, 2, 4], [5, 2, 2, 4]]),
        ("ij,k->i", [[2, 3], [4]]),
    ].compactMap { equation, extents in
        Einsum(equation: equation).map { OperatorCase("sum of products \(equation)", .einsum($0), extents) }
    }

    private static func integers(_ extents: [Int], _ values: [Int]) -> Constant? {
        (try? Shape(extents)).map { .integers(shape: $0, values: values) }
    }
}
