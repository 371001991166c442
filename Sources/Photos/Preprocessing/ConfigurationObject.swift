internal import Foundation
internal import WireProtocol

/// An object of a JSON file, read key by key. Knows which keys have been read, so that none is ignored in silence.
final class ConfigurationObject {
    private let values: [String: JSONValue]
    /// What leads to this object, "" or "pretrained_cfg.".
    private let path: String
    private var known: Set<String> = []

    /// - Throws: `PhotoError.invalidConfiguration` with the key "file" where the bytes are no JSON object.
    convenience init(json: Data) throws(PhotoError) {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: json)
        } catch {
            throw .invalidConfiguration(key: "file", reason: "it is no JSON")
        }
        guard case .object(let values) = value else {
            throw .invalidConfiguration(key: "file", reason: "it is no JSON object")
        }
        self.init(values, path: "")
    }

    init(_ values: [String: JSONValue], path: String) {
        // Null says nothing.
        self.values = values.filter { $0.value != .null }
        self.path = path
    }

    func error(_ key: String, _ reason: String) -> PhotoError { .invalidConfiguration(key: path + key, reason: reason) }

    func contains(_ key: String) -> Bool { values[key] != nil }

    /// The value, which counts as read.
    func value(_ key: String) -> JSONValue? {
        known.insert(key)
        return values[key]
    }

    func bool(_ key: String) throws(PhotoError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .bool(let bool) = value else { throw error(key, "true or false is needed") }
        return bool
    }

    func text(_ key: String) throws(PhotoError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw error(key, "a text is needed") }
        return text
    }

    func number(_ key: String) throws(PhotoError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.numberValue, number.isFinite else { throw error(key, "a number is needed") }
        return number
    }

    /// A whole number in 1...``PreprocessorConfiguration/longestSide``.
    func side(_ key: String) throws(PhotoError) -> Int? {
        guard let value = value(key) else { return nil }
        return try side(of: value, key)
    }

    func side(of value: JSONValue, _ key: String) throws(PhotoError) -> Int {
        let range = 1...PreprocessorConfiguration.longestSide
        guard let number = value.numberValue, let side = Int(exactly: number), range.contains(side) else {
            throw error(key, "a whole number from \(range.lowerBound) to \(range.upperBound) is needed")
        }
        return side
    }

    /// Numbers, or one for all.
    func numbers(_ key: String) throws(PhotoError) -> [Double]? {
        guard let value = value(key) else { return nil }
        if let number = value.numberValue { return [number] }
        guard case .array(let elements) = value else { throw error(key, "numbers are needed") }
        let numbers = elements.compactMap(\.numberValue)
        guard numbers.count == elements.count else { throw error(key, "numbers are needed") }
        return numbers
    }

    func object(_ key: String) throws(PhotoError) -> ConfigurationObject? {
        guard let value = value(key) else { return nil }
        guard case .object(let inner) = value else { throw error(key, "an object is needed") }
        return ConfigurationObject(inner, path: "\(path)\(key).")
    }

    /// Height and width: `[h, w]`, `[s]`, `{"height": h, "width": w}`, or one number for both.
    func extents(_ key: String) throws(PhotoError) -> (width: Int, height: Int)? {
        guard let value = value(key) else { return nil }
        switch value {
        case .array(let sides) where (1...2).contains(sides.count):
            let sides = try sides.map { (side) throws(PhotoError) in try self.side(of: side, key) }
            return (sides[sides.count - 1], sides[0])
        case .object:
            guard let inner = try object(key), let height = try inner.side("height"),
                let width = try inner.side("width")
            else { throw error(key, "a height and a width are needed") }
            try inner.finish()
            return (width, height)
        default:
            let side = try side(of: value, key)
            return (side, side)
        }
    }

    /// A filter by Pillow's number or by a name that some library has for it.
    func filter(_ key: String) throws(PhotoError) -> ResamplingFilter? {
        guard let value = value(key) else { return nil }
        if let number = value.numberValue {
            guard let raw = Int(exactly: number), (0...5).contains(raw), let filter = ResamplingFilter(rawValue: raw)
            else { throw error(key, "\(number) is not one of Pillow's filters 0 to 5") }
            return filter
        }
        let text = try text(key) ?? ""
        // "PIL.Image.Resampling.BICUBIC", "InterpolationMode.BICUBIC", "bicubic".
        let name = text.split(separator: ".").last.map { $0.lowercased() } ?? ""
        guard let filter = ResamplingFilter(name: name) else {
            throw error(key, "there is no filter '\(text)'; there are \(ResamplingFilter.names)")
        }
        return filter
    }

    /// Throws where a key is left that nobody has read and that may change the input.
    ///
    /// - Parameter harmless: keys that change nothing here.
    func finish(harmless: Set<String> = []) throws(PhotoError) {
        for (key, value) in values.sorted(by: { $0.key < $1.key })
        where !known.contains(key) && !harmless.contains(key) && !key.hasPrefix("_") {
            // A step that is left out needs no support.
            if value == .bool(false), key.contains("do_") { continue }
            throw error(key, "this key is not understood, and may change the network's input; remove it if it does not")
        }
    }
}

extension JSONValue {
    fileprivate var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension ResamplingFilter {
    private static let byName: [String: ResamplingFilter] = [
        "nearest": .nearest, "lanczos": .lanczos, "antialias": .lanczos, "bilinear": .bilinear, "linear": .bilinear,
        "bicubic": .bicubic, "cubic": .bicubic, "box": .box, "hamming": .hamming,
        "sampled-bilinear": .sampledBilinear,
    ]

    /// - Parameter name: in lower case.
    init?(name: String) {
        guard let filter = Self.byName[name] else { return nil }
        self = filter
    }

    static var names: String { byName.keys.sorted().joined(separator: ", ") }
}
