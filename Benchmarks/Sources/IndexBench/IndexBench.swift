import DatasetSearch
import Foundation
import Networks

/// Dataset search at the size of a large archive: an index of synthetic photos over resnet50's units, measured while it
/// grows, and compared with brute force.
///
/// Usage: IndexBench [PHOTOS] — 10,000 if left out. Prints one line of JSON.
@main
struct IndexBench {
    /// resnet50's ReLUs, and its scores: what `Graph.indexedLayers` finds in torchvision's export.
    static let units: [Int] = {
        var units = [64]
        for (width, blocks) in [(64, 3), (128, 4), (256, 6), (512, 3)] {
            for _ in 0..<blocks { units += [width, width, 4 * width] }
        }
        return units + [1000]
    }()
    /// Units that are also kept as they are, for comparison.
    static let watched = 100
    static let asked = 5

    static func main() async throws {
        let photos = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
        let folder = FileManager.default.temporaryDirectory.appending(path: "index-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let layers = units.enumerated().map { number, count in
            IndexedLayer(
                value: ValueID(index: number), name: "layer\(number)", nodeName: "layer\(number)", units: count)
        }
        let path = folder.appending(path: "units.sqlite").path
        let index = try UnitIndex(at: path, layers: layers)
        var random = Generator(state: 1)
        var kept: [Place: [(value: Float, photo: Int)]] = [:]
        while kept.count < watched {
            let layer = Int.random(in: units.indices, using: &random)
            kept[Place(layer: layer, unit: Int.random(in: 0..<units[layer], using: &random))] = []
        }
        var largest = 0
        var adding: [Double] = []
        let clock = ContinuousClock()
        for photo in 0..<photos {
            let peaks = Self.peaks(&random)
            for place in kept.keys { kept[place]?.append((peaks.layers[place.layer][place.unit].value, photo)) }
            let file = UnitIndex.File(
                path: Data("/srv/archive/2024/holiday/IMG_\(photo).jpg".utf8), size: 4_000_000, modified: Int64(photo))
            let start = clock.now
            try await index.add(file, sha256: digest(photo), width: 4000, height: 3000, peaks: peaks)
            adding.append((clock.now - start) / .milliseconds(1))
            largest = max(largest, bytes(path))
            if photo % 500 == 499 { note("\(photo + 1) photos, \(bytes(path) / 1_000_000) MB") }
        }
        var gone: Set<Int> = []
        var exact = try await compare(index, kept, gone)
        for photo in stride(from: 3, to: photos, by: 100) {
            try await index.remove(Data("/srv/archive/2024/holiday/IMG_\(photo).jpg".utf8))
            gone.insert(photo)
        }
        exact = try await compare(index, kept, gone) && exact
        let asking = try await askingTimes(index, &random)
        let standing = try await standingTimes(index, &random)
        let report: [String: Any] = [
            "photos": photos, "units": units.reduce(0, +), "megabytes": Double(bytes(path)) / 1e6,
            "megabytesAtMost": Double(largest) / 1e6, "addMedianMilliseconds": median(adding),
            "addMeanMilliseconds": adding.reduce(0, +) / Double(max(adding.count, 1)),
            "addMaximumMilliseconds": adding.max() ?? 0, "queryMedianMilliseconds": median(asking),
            "queryMaximumMilliseconds": asking.max() ?? 0, "unusualMedianMilliseconds": median(standing),
            "unusualMaximumMilliseconds": standing.max() ?? 0, "deleted": gone.count, "equalsBruteForce": exact,
        ]
        print(String(decoding: try JSONSerialization.data(withJSONObject: report, options: .sortedKeys), as: UTF8.self))
        if !exact { exit(1) }
    }

    struct Place: Hashable {
        let layer: Int
        let unit: Int
    }

    /// Units have different sizes of answers, and in a third of the photos none.
    private static func peaks(_ random: inout Generator) -> UnitPeaks {
        UnitPeaks(
            layers: units.map { count in
                (0..<count).map { unit in
                    let bits = random.next()
                    let share = Float(bits >> 40) / Float(1 << 24)
                    return UnitPeaks.Peak(
                        value: max(share - 0.33, 0) * Float(unit % 7 + 1), y: UInt16(bits & 63),
                        x: UInt16(bits >> 6 & 63))
                }
            })
    }

    private static func digest(_ photo: Int) -> String {
        let hexadecimal = String(photo, radix: 16)
        return String(repeating: "0", count: 64 - hexadecimal.count) + hexadecimal
    }

    private static func compare(
        _ index: UnitIndex, _ kept: [Place: [(value: Float, photo: Int)]], _ gone: Set<Int>
    ) async throws -> Bool {
        var isExact = true
        for (place, all) in kept {
            let expected = all.filter { !gone.contains($0.photo) }
                .sorted { ($1.value, $0.photo) < ($0.value, $1.photo) }.prefix(asked)
            let answer = try await index.strongest(layer: place.layer, unit: place.unit, count: asked)
            let agrees =
                answer.isCertain
                && answer.matches.map(\.peak.value) == expected.map(\.value)
                && answer.matches.map(\.photo.sha256) == expected.map { digest($0.photo) }
            if !agrees { note("layer \(place.layer), unit \(place.unit) differs from brute force") }
            isExact = isExact && agrees
        }
        return isExact
    }

    private static func askingTimes(_ index: UnitIndex, _ random: inout Generator) async throws -> [Double] {
        var times: [Double] = []
        for _ in 0..<500 {
            let layer = Int.random(in: units.indices, using: &random)
            let unit = Int.random(in: 0..<units[layer], using: &random)
            let start = ContinuousClock.now
            _ = try await index.strongest(layer: layer, unit: unit, count: asked)
            times.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        return times
    }

    private static func standingTimes(_ index: UnitIndex, _ random: inout Generator) async throws -> [Double] {
        var times: [Double] = []
        for _ in 0..<10 {
            let peaks = peaks(&random)
            let start = ContinuousClock.now
            _ = try await index.mostUnusualUnits(of: peaks, sha256: "", count: asked)
            times.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        return times
    }

    /// Of the database with its log.
    private static func bytes(_ path: String) -> Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
            return sum + ((attributes?[.size] as? Int) ?? 0)
        }
    }

    private static func median(_ times: [Double]) -> Double { times.isEmpty ? 0 : times.sorted()[times.count / 2] }

    private static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// xorshift64*: the same numbers everywhere.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
