/// Operators of integers, flags and ranges. They are never run: where a graph is specialized for input shapes, their
/// results are known.
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
    case cast(Element)
    /// Input x of any number of axes → the positions [rank, count] where it is not 0.
    case nonZero

    public enum Fill: Sendable, Hashable { case float(Float), integer(Int) }
    public enum Comparison: String, Sendable, Hashable { case equal, less, lessOrEqual, greater, greaterOrEqual }
    public enum Logic: String, Sendable, Hashable { case and, or, not, exclusiveOr }
    public enum Element: String, Sendable, Hashable { case float, integer, flag }

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
