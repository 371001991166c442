/// What the numbers of a tensor stand for. All are Float32 in memory: integers are exact up to ±2²⁴, flags are 0 and 1.
public enum Element: String, Sendable, Hashable {
    case float, integer, flag

    /// The largest magnitude up to which every integer is a Float32 of its own.
    public static let largestExactInteger = 1 << 24
}
