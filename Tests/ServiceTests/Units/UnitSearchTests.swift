import DatasetSearch
import Execution
import Foundation
import Interpretation
import Logging
import Networks
import Photos
import Service
import Tensors
import TestSupport
import Testing
import WireProtocol

/// Dataset search over the socket, with the built daemon, against activations that are computed here. `make
/// bench-index` does the same with a thousand photos, to the last bit.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct UnitSearchTests {
    private static let layer = "/features/features.18/Relu"

    @Test func answersAreThoseOfBruteForceAfterAKillAndAfterDeletionsReplacementsAndMoves() async throws {
        var daemon = try await RunningDaemon()
        let archive = try Archive(in: daemon.folder, photos: 30)
        let victim = try SocketTestClient(path: daemon.socket)
        try await victim.request("index", id: 1, params: #"{"folder":"\#(archive.folder.path)"}"#)
        // Somewhere in the middle of thirty photos.
        try await Task.sleep(for: .milliseconds(300))
        try await daemon.kill()

        daemon = try await RunningDaemon(following: daemon)
        let first = try await index(archive, daemon)
        #expect(first.indexed + first.known == 30 && first.photos == 30 && first.skipped == 0)
        #expect(try await index(archive, daemon).known == 30)
        try await compare(archive, daemon)

        // Nobody tells the index of these; it finds out by itself, for what it answers.
        let strongest = try await strongest(unit: 0, count: 3, daemon)
        for match in strongest.strongest ?? [] { try archive.remove(match.photo) }
        let after = try await self.strongest(unit: 0, count: 3, daemon)
        #expect(Set(after.left.map(\.photo)) == Set((strongest.strongest ?? []).map(\.photo)))
        #expect(after.left.allSatisfy { $0.reason == "gone" } && after.photos == 27)
        try archive.removeSome(7)
        #expect(try await index(archive, daemon).removed == 7)
        try await compare(archive, daemon)

        try archive.replaceOne()
        try archive.moveOne()
        try archive.copyOne()
        let last = try await index(archive, daemon)
        #expect(last.indexed == 1 && last.copied == 2 && last.removed == 1 && last.photos == 20)
        try await compare(archive, daemon)
    }

    @Test func aPhotoOfTheInboxIsIndexedAsItIsProcessedAndLeavesWithItsFile() async throws {
        let daemon = try await RunningDaemon()
        _ = try await daemon.document(of: RunningDaemon.demoPhoto)
        let photo = daemon.inbox.appending(path: "cat.jpg")
        #expect(try await eventually { try await strongest(unit: 3, count: 1, daemon).strongest?.count == 1 })
        // Read in the same pass, so that `index` finds nothing to do.
        let result = try await daemon.result(of: RPCMethods.index, IndexParameters(folder: daemon.inbox.path))
        #expect(result.known == 1 && result.indexed == 0)
        try FileManager.default.removeItem(at: photo)
        #expect(try await eventually { try await strongest(unit: 3, count: 1, daemon).photos == 0 })
    }

    @Test func interpretctlDrawsTheSheetAndSaysWhatAPhotoExcites() async throws {
        let daemon = try await RunningDaemon()
        let archive = try Archive(in: daemon.folder, photos: 6)
        let client = try Interpretctl()
        let indexed = try await client.run("index", archive.folder.path, socket: daemon.socket)
        #expect(indexed.status == 0 && indexed.out.contains("6 photos in the index of petshop"))
        let sheet = client.folder.path + "/sheet.jpg"
        let units = try await client.run(
            "units", "--layer", Self.layer, "--unit", "12", "-k", "3", "--out", sheet, socket: daemon.socket)
        #expect(units.status == 0 && units.out.contains("6 photos"))
        let size = try PhotoDecoder.size(of: Data(contentsOf: URL(filePath: sheet)))
        #expect(size.width > 3 * 224 && size.height > 2 * 224)
        let photo = try #require(archive.photos.keys.min())
        let unusual = try await client.run("units", "--photo", photo, "-k", "4", "--json", socket: daemon.socket)
        let standings = try JSONDecoder().decode(UnitsResult.self, from: Data(unusual.out.utf8)).unusual
        #expect(standings?.count == 4 && standings?.first?.rank == 1 && standings?.first?.percentile == 100)
        let unknown = try await client.run("units", "--layer", "nonsense", "--unit", "1", socket: daemon.socket)
        #expect(unknown.status == 1 && unknown.error.contains("has no layer 'nonsense'"))
        let convolution = try await client.run(
            "units", "--layer", "/features/features.17/Conv", "--unit", "1", socket: daemon.socket)
        #expect(convolution.status == 1)
        #expect(try await client.run("units", "--unit", "1", socket: daemon.socket).status == 2)
        #expect(try await client.run("index", "/nowhere/at/all", socket: daemon.socket).status == 1)
    }

    // MARK: Asking

    private func index(_ archive: Archive, _ daemon: RunningDaemon) async throws -> IndexResult {
        try await daemon.result(of: RPCMethods.index, IndexParameters(folder: archive.folder.path))
    }

    private func strongest(unit: Int, count: Int, _ daemon: RunningDaemon) async throws -> UnitsResult {
        try await daemon.result(
            of: RPCMethods.units, UnitsParameters(layer: Self.layer, unit: unit, count: count))
    }

    /// Every eighth unit of the layer, all ranks that are told.
    private func compare(_ archive: Archive, _ daemon: RunningDaemon) async throws {
        let reference = try await Reference.peaks(of: archive, layer: Self.layer)
        for unit in stride(from: 0, to: 256, by: 8) {
            let answer = try await strongest(unit: unit, count: 5, daemon)
            #expect(answer.left == [])
            let matches = try #require(answer.strongest)
            // The same bytes count once.
            var seen: Set<Data> = []
            let expected = archive.photos.sorted { $0.key < $1.key }.filter { seen.insert($0.value).inserted }
                .compactMap { reference[$0.value]?[unit] }.sorted { $0.value > $1.value }.prefix(5)
            #expect(matches.count == 5)
            for (match, peak) in zip(matches, expected) {
                // The plan here is another one than the daemon's, so that the last bits may differ.
                #expect(abs(match.value - Double(peak.value)) <= 1e-5 * max(1, abs(match.value)))
                let bytes = try Data(contentsOf: URL(filePath: match.photo))
                let own = try #require(reference[bytes]?[unit])
                #expect(abs(match.value - Double(own.value)) <= 1e-5 * max(1, abs(match.value)))
                #expect(match.position == [Int(own.y), Int(own.x)])
            }
        }
    }
}

/// Photos made from the demo cat: parts of it, each another one.
private final class Archive {
    let folder: URL
    /// Bytes by path.
    private(set) var photos: [String: Data] = [:]
    private let cat: Bitmap

    init(in parent: TemporaryFolder, photos count: Int) throws {
        let folder = URL(filePath: parent.path).resolvingSymlinksInPath().appending(path: "archive")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        cat = try PhotoDecoder.decode(Data(contentsOf: RunningDaemon.demoPhoto)).bitmap
        for number in 0..<count { try write(number, to: String(format: "%03d.jpg", number)) }
    }

    private func write(_ number: Int, to name: String) throws {
        let side = 100 + number * 5
        let part = PixelRectangle(
            x: Double(number * 37 % (cat.width - side)), y: Double(number * 53 % max(cat.height - side, 1)),
            width: Double(side), height: Double(min(side, cat.height)))
        let data = try JPEGEncoder.encode(cat.crop(part))
        try data.write(to: folder.appending(path: name))
        photos[folder.appending(path: name).path] = data
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path)
        photos[path] = nil
    }

    func removeSome(_ count: Int) throws {
        for path in photos.keys.sorted().enumerated().filter({ $0.offset % 3 == 1 }).prefix(count).map(\.element) {
            try remove(path)
        }
    }

    func replaceOne() throws {
        try write(33, to: URL(filePath: try #require(photos.keys.min())).lastPathComponent)
    }

    func moveOne() throws {
        let path = try #require(photos.keys.max())
        let target = folder.appending(path: "moved.jpg").path
        try FileManager.default.moveItem(atPath: path, toPath: target)
        photos[target] = photos.removeValue(forKey: path)
    }

    func copyOne() throws {
        let path = try #require(photos.keys.sorted().dropFirst().first)
        let target = folder.appending(path: "copy.jpg").path
        try FileManager.default.copyItem(atPath: path, toPath: target)
        photos[target] = photos[path]
    }
}

private enum Reference {
    /// By the photo's bytes, the peaks of the layer's units.
    static func peaks(of archive: Archive, layer name: String) async throws -> [Data: [UnitPeaks.Peak]] {
        let store = try ModelStore(
            directories: [RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition")],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let model = try #require(store.standard)
        // Eight ReLUs and the scores.
        #expect(model.indexedLayers.count == 9)
        let layer = try #require(model.indexedLayers.first { $0.nodeName == name })
        let preprocessor = try #require(model.preprocessor)
        var peaks: [Data: [UnitPeaks.Peak]] = [:]
        for data in Set(archive.photos.values) {
            let photo = try PhotoDecoder.decode(
                data, for: preprocessor.configuration.decodeTarget(overlayLongSide: 960))
            let input = try preprocessor.input(from: photo).tensor
            let activation = try await model.network.session.perform { (evaluator) throws(ExecutionError) in
                try evaluator.forward([input], keeping: [layer.value]).value(layer.value)
            }
            peaks[data] = try UnitPeaks([(layer, activation)]).layers[0]
        }
        return peaks
    }
}
