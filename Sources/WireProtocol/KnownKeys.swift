/// The keys that a JSON object may have. A key that nobody reads is a mistake that would change nothing in silence.
package struct KnownKeys: Sendable {
    package let names: [String]

    package init(names: [String]) { self.names = names }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    /// - Throws: `DecodingError` naming the first strange key by the alphabet, and the known one most like it.
    package func check(_ decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyKey.self)
        guard let stranger = container.allKeys.map(\.stringValue).sorted().first(where: { !names.contains($0) }) else {
            return
        }
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription:
                    "there is no key '\(stranger)'; the nearest is '\(nearest(to: stranger))', and there are "
                    + names.joined(separator: ", ")))
    }

    /// The known name that is most like `name`.
    package func nearest(to name: String) -> String {
        let distances = names.map {
            (distance: Self.distance(Array(name.lowercased().utf8), Array($0.lowercased().utf8)), name: $0)
        }
        return distances.min { $0.distance < $1.distance }?.name ?? ""
    }

    /// Letters to insert, remove or replace to get from one to the other (Levenshtein 1966).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}
