public import Foundation

/// Changes one member of a JSON object that a person wrote, and leaves every other byte as it is.
public enum JSONObjectEditing {
    /// - Parameters:
    ///   - name: of the member; it must need no escapes.
    ///   - value: its new value in JSON.
    ///   - text: an object in UTF-8; empty counts as one without members.
    /// - Returns: the text with the member's value in place of the old one, or behind the last member, indented like it.
    /// - Throws: `JSONSyntaxError` where the text is no JSON object.
    public static func setting(_ name: String, to value: String, in text: Data) throws(JSONSyntaxError) -> Data {
        let text = Data(text)
        guard text.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
            return Data("{\n  \"\(name)\": \(value)\n}\n".utf8)
        }
        // Checks the grammar, and that the text is UTF-8.
        let checked = try JSONText(validating: text)
        guard checked.firstByte == UInt8(ascii: "{") else {
            throw JSONSyntaxError(offset: 0, reason: "an object was expected")
        }
        let members = try JSONText.outline(of: text).members
        let quoted = Data("\"\(name)\"".utf8)
        if let known = members.last(where: { text[$0.name] == quoted }) {
            return text[..<known.value.lowerBound] + Data(value.utf8) + text[known.value.upperBound...]
        }
        guard let last = members.last else {
            let brace = text.firstIndex(of: UInt8(ascii: "{")) ?? 0
            return text[...brace] + Data("\"\(name)\": \(value)".utf8) + text[(brace + 1)...]
        }
        // What stands between the member before, or the brace, and the last member: spaces, and line ends where there are.
        let before = text[..<last.name.lowerBound]
        let space = before.suffix(while: { [0x20, 0x09, 0x0A, 0x0D].contains($0) })
        let member = Data(",".utf8) + (space.isEmpty ? Data(" ".utf8) : space) + quoted + Data(": \(value)".utf8)
        return text[..<last.value.upperBound] + member + text[last.value.upperBound...]
    }
}

extension Data {
    /// The longest end whose bytes all fit.
    fileprivate func suffix(while fits: (UInt8) -> Bool) -> Data {
        var start = endIndex
        while start > startIndex, fits(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}
