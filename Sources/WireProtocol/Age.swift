public import Foundation

/// A span of time as people write it: `90d`, `12h`, `30m` or `45s`.
public struct Age: Sendable, Hashable, CustomStringConvertible {
    private static let units: [(letter: Character, seconds: TimeInterval)] = [
        ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
    ]
    /// A hundred years; more is a slip of the finger.
    private static let longest: TimeInterval = 36_525 * 86_400

    public let seconds: TimeInterval
    public let description: String

    /// Nil where `text` is no positive whole number and one of the letters, or more than a hundred years.
    public init?(_ text: String) {
        guard let unit = Age.units.first(where: { $0.letter == text.last }), let count = Int(text.dropLast()),
            count > 0,
            Double(count) * unit.seconds <= Age.longest
        else { return nil }
        seconds = Double(count) * unit.seconds
        description = text
    }
}
