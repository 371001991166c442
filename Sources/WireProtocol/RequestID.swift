/// What ties an answer to its request (JSON-RPC 2.0, section 4): chosen by the client, returned byte for byte.
///
/// A request without an `id` is a notification and has no `RequestID` at all; `null` is an id, if a poor one.
public enum RequestID: Sendable, Hashable, Codable, CustomStringConvertible {
    case integer(Int64)
    /// The specification discourages fractions and does not forbid them.
    case number(Double)
    case string(String)
    case null
    /// An id whose text is not the one that this program would write: `1.0`, `"\u0041"`, more digits than a number keeps.
    case verbatim(JSONText)

    /// The id that is written as `text`.
    ///
    /// - Throws: `DecodingError` where that is no string, number or null.
    init(text: JSONText) throws {
        let value = try text.decoded(as: RequestID.self)
        let trimmed = text.trimmed
        self = try JSONText(encoding: value) == trimmed ? value : .verbatim(trimmed)
    }

    /// As it stands in a line.
    var text: JSONText {
        get throws {
            if case .verbatim(let text) = self { return text }
            return try JSONText(encoding: self)
        }
    }

    /// The value that a ``verbatim(_:)`` text has; what names a request in `cancel` need not be written like its id.
    public var value: RequestID {
        guard case .verbatim(let text) = self, let value = try? text.decoded(as: RequestID.self) else { return self }
        return value
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "an id is a string, a number or null")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .null: try container.encodeNil()
        // Within a result or a notification, which an encoder writes: the value.
        case .verbatim(let text): try text.decoded(as: RequestID.self).encode(to: encoder)
        }
    }

    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(value)\""
        case .null: "null"
        case .verbatim(let text): text.description
        }
    }
}

extension RequestID: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .string(value) }
}
