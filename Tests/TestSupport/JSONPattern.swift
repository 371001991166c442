import Foundation
package import WireProtocol

/// The wildcards of Protocol.md: see its "How to read the examples".
package enum JSONPattern {
    private static let anything = JSONValue.string("…")

    /// - Returns: where `actual` does not fit `expected`, in words; empty where it does.
    package static func mismatches(_ expected: JSONValue, _ actual: JSONValue, at place: String = "$") -> [String] {
        switch (expected, actual) {
        case (anything, _):
            return []
        case (.string(let pattern), .string(let text)):
            return matches(pattern, text) ? [] : ["\(place): expected \"\(pattern)\", got \"\(text.prefix(200))\""]
        case (.object(let pattern), .object(let members)):
            let isOpen = pattern["…"] != nil
            let extra = isOpen ? [] : members.keys.filter { pattern[$0] == nil }.sorted()
            return extra.map { "\(place).\($0): not in the example" }
                + pattern.filter { $0.key != "…" }.sorted { $0.key < $1.key }.flatMap { name, value in
                    members[name].map { mismatches(value, $0, at: "\(place).\(name)") } ?? ["\(place).\(name): missing"]
                }
        case (.array(let pattern), .array(let elements)):
            let isOpen = pattern.last == anything
            let fixed = isOpen ? pattern.dropLast() : pattern[...]
            guard elements.count == fixed.count || (isOpen && elements.count > fixed.count) else {
                return ["\(place): expected \(fixed.count)\(isOpen ? " or more" : "") elements, got \(elements.count)"]
            }
            return zip(fixed, elements).enumerated().flatMap { mismatches($1.0, $1.1, at: "\(place)[\($0)]") }
        case (.number(let pattern), _):
            guard let value = number(actual), abs(value - pattern) <= tolerance(of: pattern) else {
                return ["\(place): expected \(pattern), got \(actual)"]
            }
            return []
        default:
            return expected == actual ? [] : ["\(place): expected \(expected), got \(actual)"]
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// Half of the last digit written, and a hair for the rounding of the comparison itself.
    private static func tolerance(of pattern: Double) -> Double {
        let decimals = "\(pattern)".split(separator: ".").last?.count ?? 0
        return 0.500_001 * pow(10, -Double(decimals))
    }

    /// Whether the text is made of the pattern's pieces in order, with anything where `…` stands.
    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let pieces = pattern.components(separatedBy: "…")
        guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return pattern == text }
        guard text.hasPrefix(first), text.count >= first.count + last.count, text.hasSuffix(last) else { return false }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.range(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
