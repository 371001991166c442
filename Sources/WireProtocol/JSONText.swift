public import Foundation

/// A JSON value as its text, checked once and kept byte for byte.
///
/// The text never holds a line feed, so it can be put into a line of the protocol as it is.
public struct JSONText: Sendable, Hashable, CustomStringConvertible {
    /// The text in UTF-8.
    public let utf8: Data

    /// The empty object.
    public static let emptyObject = JSONText(unchecked: Data("{}".utf8))

    /// - Throws: `JSONSyntaxError` where the bytes are not one JSON value in UTF-8.
    public init(validating utf8: Data) throws(JSONSyntaxError) {
        self = try JSONText.scan(utf8).text
    }

    /// The value as `WireCoding` writes it.
    ///
    /// - Throws: `EncodingError`, for a number that is not finite for example.
    public init(encoding value: some Encodable) throws {
        utf8 = try WireCoding.encoder().encode(value)
    }

    init(unchecked utf8: Data) {
        self.utf8 = utf8
    }

    public var description: String { String(decoding: utf8, as: UTF8.self) }

    /// - Throws: `DecodingError` where the text does not fit the type.
    public func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try WireCoding.decoder().decode(type, from: utf8)
    }

    /// Names of the members of an object; none of any other value.
    func memberNames() throws(JSONSyntaxError) -> [String] {
        var names: [String] = []
        for member in try JSONText.outline(of: utf8).members { names.append(try name(of: member)) }
        return names
    }

    /// Checks a text and, where it is an object, finds its members; of two with the same name the last one counts.
    static func scan(_ data: Data) throws(JSONSyntaxError) -> (text: JSONText, members: [String: JSONText]?) {
        let outline = try outline(of: data)
        // Where a line end stands a space does as well.
        let text = JSONText(
            unchecked: outline.hasLineEnds ? Data(data.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }) : data)
        guard text.firstByte == UInt8(ascii: "{") else { return (text, nil) }
        var members: [String: JSONText] = [:]
        for member in outline.members {
            members[try text.name(of: member)] = JSONText(unchecked: text.slice(member.value))
        }
        return (text, members)
    }

    static func outline(of data: Data) throws(JSONSyntaxError) -> JSONScanner.Outline {
        guard String(validating: data, as: UTF8.self) != nil else {
            throw JSONSyntaxError(offset: 0, reason: "the text is not UTF-8")
        }
        // `withUnsafeBytes` passes on untyped errors only.
        return try data.withUnsafeBytes { bytes -> Result<JSONScanner.Outline, JSONSyntaxError> in
            do throws(JSONSyntaxError) {
                return .success(try JSONScanner.outline(of: bytes))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    private func name(of member: JSONScanner.Outline.Member) throws(JSONSyntaxError) -> String {
        // Only the decoder knows what an escape in a name means.
        guard let name = try? WireCoding.decoder().decode(String.self, from: slice(member.name)) else {
            throw JSONSyntaxError(offset: member.name.lowerBound, reason: "the member's name is not valid Unicode")
        }
        return name
    }

    /// The first byte that is no white space: it tells the kind of value.
    var firstByte: UInt8? {
        utf8.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    }

    /// Without white space around it.
    var trimmed: JSONText {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
        let start = utf8.firstIndex { !isSpace($0) } ?? utf8.startIndex
        let end = utf8.lastIndex { !isSpace($0) }.map { utf8.index(after: $0) } ?? start
        return JSONText(unchecked: Data(utf8[start..<end]))
    }

    private func slice(_ range: Range<Int>) -> Data {
        Data(utf8[(utf8.startIndex + range.lowerBound)..<(utf8.startIndex + range.upperBound)])
    }
}
