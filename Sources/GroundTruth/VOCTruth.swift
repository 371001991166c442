import Foundation
import WireProtocol

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// PASCAL VOC's XML, one file a photo: objects with a name and a box whose corners count from 1 and belong to it. What is
/// marked as difficult is left out, as VOC does.
enum VOCTruth {
    static func read(_ path: String) throws(TruthError) -> [TruePhoto] {
        let files =
            TruthFile.isFolder(path)
            ? TruthFile.names(in: path).filter { $0.hasSuffix(".xml") }.map { "\(path)/\($0)" } : [path]
        var table = TruthTable()
        for file in files {
            let reader = Reader(file)
            try reader.parse()
            let name =
                reader.fileName ?? TruthFile.stem(file.split(separator: "/").last.map(String.init) ?? file) + ".jpg"
            table.update(name) { photo in
                for object in reader.objects {
                    photo.add(label: object.label)
                    if let box = object.box { photo.add(box, label: object.label) }
                }
            }
        }
        return table.photos
    }

    private final class Reader: NSObject, XMLParserDelegate {
        struct Object {
            var label = ""
            var isDifficult = false
            var corners: [String: Double] = [:]
            var box: BoundingBox?
        }

        private(set) var fileName: String?
        private(set) var objects: [Object] = []
        private let file: String
        private var path: [String] = []
        private var text = ""
        private var object: Object?
        private var failure: TruthError?
        private var hasEnded = false

        init(_ file: String) { self.file = file }

        func parse() throws(TruthError) {
            let data = try TruthFile.contents(of: file)
            // An entity can name other files, or itself many times over; VOC's files have none.
            guard data.range(of: Data("<!DOCTYPE".utf8)) == nil, data.range(of: Data("<!ENTITY".utf8)) == nil else {
                throw TruthError(file, "it declares a document type or entities, which are not read; remove them")
            }
            let parser = XMLParser(data: data)
            parser.shouldResolveExternalEntities = false
            parser.delegate = self
            let isParsed = parser.parse()
            if let failure { throw failure }
            // A text that ends early is parsed without a word.
            guard isParsed, hasEnded else { throw TruthError(file, line: parser.lineNumber, "it is not VOC's XML") }
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            path.append(name)
            text = ""
            if path == ["annotation", "object"] { object = Object() }
            if path.count > 32 { fail(parser, "its elements lie too deep in one another") }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) {
            if text.utf8.count < 4096 { text += string }
        }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
            switch path {
            case ["annotation", "filename"]: fileName = value.isEmpty ? nil : value
            case ["annotation", "object", "name"]: object?.label = value
            case ["annotation", "object", "difficult"]: object?.isDifficult = value == "1"
            case ["annotation", "object", "bndbox", name]:
                guard let number = Double(value), number.isFinite else {
                    return fail(parser, "'\(name)' should be a number, got '\(value.prefix(40))'")
                }
                object?.corners[name] = number
            case ["annotation", "object"]: finish(parser)
            default: break
            }
            if path == ["annotation"] { hasEnded = true }
            path.removeLast()
            text = ""
        }

        private func finish(_ parser: XMLParser) {
            guard var object else { return }
            self.object = nil
            guard !object.label.isEmpty else { return fail(parser, "an object has no name") }
            guard !object.isDifficult else { return }
            if !object.corners.isEmpty {
                guard let left = object.corners["xmin"], let top = object.corners["ymin"],
                    let right = object.corners["xmax"], let bottom = object.corners["ymax"]
                else { return fail(parser, "a bndbox needs xmin, ymin, xmax and ymax") }
                let box = BoundingBox(x: left - 1, y: top - 1, width: right - left + 1, height: bottom - top + 1)
                guard box.isPossible else { return fail(parser, BoundingBox.expectation) }
                object.box = box
            }
            objects.append(object)
        }

        private func fail(_ parser: XMLParser, _ reason: String) {
            failure = failure ?? TruthError(file, line: parser.lineNumber, reason)
            parser.abortParsing()
        }
    }
}
