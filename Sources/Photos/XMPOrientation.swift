/// The property `tiff:Orientation` of an XMP packet (ISO 16684-1, 8.4; its values are EXIF's).
///
/// A reader of as much XML as that needs, because a general one would bring libxml2 into the daemon for one number. It
/// walks over the packet once, keeps the names of the open elements and the prefixes they declare, and stops with what
/// it has at the first thing that is no XML.
struct XMPOrientation {
    private static let tiff = "http://ns.adobe.com/tiff/1.0/"
    private static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    /// Deeper than any XMP is.
    private static let deepest = 64
    /// More than any XMP declares.
    private static let mostPrefixes = 256

    private struct Element {
        let namespace: String?
        let name: Substring
        /// Those in force within the element.
        let prefixes: [Substring: String]

        func isRDF(_ name: String) -> Bool { namespace == XMPOrientation.rdf && self.name == name }
    }

    /// The photo's orientation; `nil` where the packet does not say it or it makes no sense.
    ///
    /// As an attribute or an element of a description directly within `rdf:RDF`. Those further inside speak of other
    /// photos: ingredients, earlier versions.
    static func read(_ packet: some Collection<UInt8>) -> EXIFOrientation? {
        var reader = XMPOrientation(text: String(decoding: packet, as: UTF8.self))
        return reader.find()
    }

    private var rest: Substring.UTF8View
    private var open: [Element] = []

    private init(text: String) { rest = text[...].utf8 }

    private mutating func find() -> EXIFOrientation? {
        while let tag = rest.firstIndex(of: UInt8(ascii: "<")) {
            let text = rest[..<tag]
            if isOrientation(open), let found = orientation(String(Substring(text))) { return found }
            rest = rest[tag...]
            if skip("<!--", to: "-->") || skip("<![CDATA[", to: "]]>") || skip("<?", to: "?>") || skip("<!", to: ">") {
                continue
            }
            guard let end = endOfTag() else { return nil }
            let inside = Substring(rest[rest.index(after: tag)..<end])
            rest = rest[rest.index(after: end)...]
            if inside.hasPrefix("/") {
                guard open.popLast() != nil else { return nil }
                continue
            }
            let isEmpty = inside.hasSuffix("/")
            guard open.count < Self.deepest, let attributes = push(isEmpty ? inside.dropLast() : inside) else {
                return nil
            }
            if let found = orientation(in: attributes) { return found }
            if isEmpty { open.removeLast() }
        }
        return nil
    }

    /// Whether `elements` end with a description of the photo itself.
    private func isDescription(_ elements: some BidirectionalCollection<Element>) -> Bool {
        guard let last = elements.last, last.isRDF("Description") else { return false }
        let above = elements.dropLast()
        return above.last?.isRDF("RDF") == true && above.filter { $0.namespace == Self.rdf }.count == 1
    }

    private func isOrientation(_ elements: [Element]) -> Bool {
        guard let last = elements.last, last.namespace == Self.tiff, last.name == "Orientation" else { return false }
        return isDescription(elements.dropLast())
    }

    private func orientation(in attributes: [(name: Substring, value: String)]) -> EXIFOrientation? {
        guard isDescription(open), let prefixes = open.last?.prefixes else { return nil }
        for (name, value) in attributes {
            let parts = name.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[1] == "Orientation", prefixes[parts[0]] == Self.tiff,
                let found = orientation(value)
            {
                return found
            }
        }
        return nil
    }

    private func orientation(_ text: String) -> EXIFOrientation? {
        let digits = Self.unescaped(text).drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
        return Int(digits).flatMap(EXIFOrientation.init(rawValue:))
    }

    /// The character references that digits may be written with.
    private static func unescaped(_ text: String) -> String {
        guard text.contains("&#") else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "&#"), let end = rest[start.upperBound...].firstIndex(of: ";") {
            result += rest[..<start.lowerBound]
            let number = rest[start.upperBound..<end]
            let code = number.first == "x" ? UInt32(number.dropFirst(), radix: 16) : UInt32(number)
            if let scalar = code.flatMap(Unicode.Scalar.init) { result.unicodeScalars.append(scalar) }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// Opens the element of a tag, which is its name and its attributes. Returns these; `nil` where it is no tag.
    private mutating func push(_ tag: Substring) -> [(name: Substring, value: String)]? {
        let name = tag.prefix { !$0.isWhitespace }
        guard !name.isEmpty, let attributes = Self.attributes(tag.dropFirst(name.count)) else { return nil }
        var prefixes = open.last?.prefixes ?? [:]
        for (attribute, value) in attributes {
            if attribute == "xmlns" { prefixes[""] = value }
            if attribute.hasPrefix("xmlns:") { prefixes[attribute.dropFirst(6)] = value }
        }
        guard prefixes.count <= Self.mostPrefixes else { return nil }
        let parts = name.split(separator: ":", maxSplits: 1)
        let (prefix, local) = parts.count == 2 ? (parts[0], parts[1]) : ("", name)
        open.append(Element(namespace: prefixes[prefix], name: local, prefixes: prefixes))
        return attributes
    }

    private static func attributes(_ text: Substring) -> [(name: Substring, value: String)]? {
        var found: [(name: Substring, value: String)] = []
        var rest = text.drop(while: \.isWhitespace)
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = rest[..<equals].prefix { !$0.isWhitespace }
            rest = rest[rest.index(after: equals)...].drop(while: \.isWhitespace)
            guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else { return nil }
            found.append((name, String(rest[..<end])))
            rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        }
        return found
    }

    /// Where the tag that ``rest`` begins with ends: at the first `>` outside of quotes.
    private func endOfTag() -> Substring.UTF8View.Index? {
        var quote: UInt8?
        for index in rest.indices {
            let byte = rest[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return index
            }
        }
        return nil
    }

    /// Passes over what begins with `start`, to behind `end`; over all that is left where there is no end.
    private mutating func skip(_ start: String, to end: String) -> Bool {
        guard rest.starts(with: start.utf8) else { return false }
        let (wanted, last) = (Array(end.utf8), rest.endIndex)
        var index = rest.index(rest.startIndex, offsetBy: start.utf8.count)
        while index < last {
            if rest[index] == wanted[0], rest[index...].starts(with: wanted) {
                rest = rest[rest.index(index, offsetBy: wanted.count)...]
                return true
            }
            index = rest.index(after: index)
        }
        rest = rest[last...]
        return true
    }
}
