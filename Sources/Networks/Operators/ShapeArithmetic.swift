public import Tensors

/// Operators of integers, flags and ranges. Where a graph is specialized for input shapes, most of their results are
/// known; comparisons, choices and casts of what depends on the network's input are run with it.
public enum ShapeArithmetic: Sendable, Hashable {
    /// The extents of the input's axes `first..<end`; negative counts from the end, nil means all that follow.
    case extents(first: Int, end: Int?)
    /// The number of the input's values.
    case count
    /// Inputs first, limit, step.
    case range
    /// Input shape (integers); all values are alike.
    case filled(Fill)
    /// Inputs condition, value if true, value if false.
    case selection
    case comparison(Comparison)
    case logic(Logic)
    /// Numbers become integers by leaving out what is behind the point, and flags by asking whether they are not 0.
    case cast(Element)
    /// Input x of any number of axes → the positions [rank, count] where it is not 0.
    case nonZero

    public enum Fill: Sendable, Hashable { case float(Float), integer(Int) }
    public enum Comparison: String, Sendable, Hashable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }
    public enum Logic: String, Sendable, Hashable { case and, or, not, exclusiveOr }

    var name: String {
        switch self {
        case .extents: "shape"
        case .count: "size"
        case .range: "range"
        case .filled: "constant of shape"
        case .selection: "where"
        case .comparison(let kind): kind.rawValue
        case .logic(let kind): kind.rawValue
        case .cast(let element): "cast to \(element.rawValue)"
        case .nonZero: "nonzero"
        }
    }
}
