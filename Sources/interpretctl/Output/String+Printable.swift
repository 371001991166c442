extension String {
    /// The text as it can be printed into a line of a terminal: what would move the cursor, end the line, turn the direction
    /// of writing or colour what follows is written as an escape. A file's name may hold all of that.
    var printable: String {
        guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isUnprintable: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isUnprintable: Bool {
        switch properties.generalCategory {
        // Line ends, escapes and the like; marks that turn the direction; ends of lines and paragraphs.
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: value != 0x200D  // joins emoji
        default: false
        }
    }
}
