import ArgumentParser
import WireProtocol

/// What stands on `explain`'s command line beside its options: the photo, and the method's parameters as `--name value` or
/// `--name=value`. The client knows no parameter: the daemon refuses the strangers by name.
struct MethodParameters {
    let photo: String
    private(set) var values: [String: ExplainParameters.Value] = [:]

    /// - Parameter words: what no option has taken, in their order.
    /// - Throws: `ValidationError` unless they are one photo and pairs.
    init(_ words: [String]) throws {
        var photos: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                photos += rest
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                photos.append(word)
                continue
            }
            guard word.hasPrefix("--") else { throw ValidationError("Unknown option '\(word)'") }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else { throw ValidationError("Unknown option '\(word)'") }
            if parts.count == 2 {
                values[String(name)] = Self.value(of: String(parts[1]))
            } else if let text = rest.first, !text.hasPrefix("--") {
                values[String(name)] = Self.value(of: text)
                rest.removeFirst()
            } else {
                throw ValidationError(
                    "'\(word)' is no option of 'explain', and as a parameter of a method it needs a value")
            }
        }
        guard let photo = photos.first else {
            let taken = values.keys.sorted().map { "--\($0)" }.joined(separator: ", ")
            let note = taken.isEmpty ? "" : "; what follows \(taken) is the value of a method's parameter"
            throw ValidationError("Missing expected argument '<photo>'" + note)
        }
        guard photos.count == 1 else { throw ValidationError("Unexpected argument '\(photos[1])'; give one photo") }
        self.photo = photo
    }

    /// Adds a parameter that is written `name=value`.
    mutating func add(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ValidationError("--parameter takes NAME=VALUE, got '\(text)'")
        }
        values[parts[0]] = Self.value(of: parts[1])
    }

    static func value(of text: String) -> ExplainParameters.Value {
        if let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }
}
