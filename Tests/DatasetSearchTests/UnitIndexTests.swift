import DatasetSearch
import Foundation
import Networks
import Testing

/// The index against the plainest possible one: all peaks of all photos, sorted at each question.
@Suite struct UnitIndexTests {
    @Test(arguments: [1 as UInt64, 2, 3])
    func answersAreThoseOfBruteForceWhateverIsAddedReplacedAndDeleted(seed: UInt64) async throws {
        let world = try World(limits: UnitIndex.Limits(listLength: 7, freshPhotos: 5), seed: seed)
        var rebuilds = 0
        for step in 0..<120 {
            try await world.change()
            if step % 3 == 0 { rebuilds += try await world.check(count: 4) }
        }
        // Then all but a few of the photos leave; the lists are short enough for that to cross their floors.
        for _ in 0..<25 { try await world.add() }
        for _ in 0..<30 { try await world.remove() }
        rebuilds += try await world.check(count: 4)
        #expect(rebuilds > 0)
    }

    @Test func withoutDeletionsNothingIsEverReadTwice() async throws {
        let world = try World(limits: UnitIndex.Limits(listLength: 6, freshPhotos: 4), seed: 4)
        for _ in 0..<60 {
            try await world.add()
            #expect(try await world.check(count: 6) == 0)
        }
    }

    @Test func anIndexThatIsOpenedAgainGoesOnWhereItWas() async throws {
        let world = try World(limits: UnitIndex.Limits(listLength: 6, freshPhotos: 4), seed: 5)
        for _ in 0..<10 {
            for _ in 0..<7 { try await world.change() }
            try world.reopen()
            _ = try await world.check(count: 3)
        }
    }

    @Test func aRebuildThatIsInterruptedGoesOnAndTakesUpWhatCameMeanwhile() async throws {
        let world = try World(limits: UnitIndex.Limits(listLength: 5, freshPhotos: 3), seed: 6)
        for _ in 0..<30 { try await world.add() }
        try await world.index.beginRebuild()
        var read = 0
        while let (photo, _) = try await world.index.nextToRebuild() {
            try await world.index.rebuild(photo, world.peaks(of: photo))
            read += 1
            if read % 4 == 0 { try world.reopen() }
            if read % 5 == 0 { try await world.change() }
            // The lists in use answer all the while, and do not finish early.
            try await world.index.finishRebuild()
            _ = try await world.checkCertainAnswers(count: 3)
        }
        try await world.index.finishRebuild()
        #expect(read > 20)
        #expect(try await world.check(count: 5) == 0)
    }

    @Test func copiesCountAsOnePhotoAndLeaveOneByOne() async throws {
        let world = try World(limits: UnitIndex.Limits(), seed: 7)
        let original = try await world.add()
        let copy = UnitIndex.File(path: Data("/copy.jpg".utf8), size: 1, modified: 2)
        #expect(try await world.index.add(copy, sha256: original.sha256))
        #expect(try await world.index.photoCount() == 1)
        #expect(try await world.index.strongest(layer: 0, unit: 0, count: 5).matches.first?.photo.files.count == 2)
        #expect(try await world.index.remove(original.file.path))
        #expect(try await world.index.photoCount() == 1)
        #expect(try await world.index.remove(copy.path))
        #expect(try await world.index.photoCount() == 0)
        #expect(try await world.index.strongest(layer: 0, unit: 0, count: 5).matches.isEmpty)
    }

    @Test func unusualUnitsAreThoseOfBruteForce() async throws {
        let world = try World(limits: UnitIndex.Limits(listLength: 9, freshPhotos: 5), seed: 8)
        for _ in 0..<40 { try await world.change() }
        for (sha256, peaks) in world.photos {
            let found = try await world.index.mostUnusualUnits(of: peaks, sha256: sha256, count: 4)
            #expect(!found.isEmpty)
            for standing in found {
                let value = peaks.layers[standing.layer][standing.unit].value
                let others = world.photos.filter { $0.key != sha256 }
                    .map { $0.value.layers[standing.layer][standing.unit].value }
                #expect(standing.stronger == others.count { $0 > value })
                #expect(standing.weaker == others.count { $0 < value })
                #expect(standing.strongestOther == others.max())
            }
            // None is left out that is more unusual than the last one told.
            let told = Set(found.map { [$0.layer, $0.unit] })
            let last = try #require(found.last)
            for layer in peaks.layers.indices {
                for unit in peaks.layers[layer].indices where !told.contains([layer, unit]) {
                    let value = peaks.layers[layer][unit].value
                    let weaker = world.photos.filter { $0.key != sha256 }
                        .count { $0.value.layers[layer][unit].value < value }
                    #expect(weaker <= last.weaker || weaker + 9 <= last.others)
                }
            }
        }
    }

    @Test func aFileThatIsNoIndexIsReplaced() async throws {
        let world = try World(limits: UnitIndex.Limits(), seed: 9)
        let path = world.folder.appending(path: "nonsense.sqlite").path
        try Data(repeating: 7, count: 9000).write(to: URL(filePath: path))
        let index = try UnitIndex(at: path, layers: World.layers)
        #expect(try await index.photoCount() == 0)
    }

    @Test func filesAreListedFolderByFolder() async throws {
        let world = try World(limits: UnitIndex.Limits(), seed: 10)
        let photo = try await world.add()
        for path in ["/a/1.jpg", "/a/2.jpg", "/a/b/3.jpg", "/ab/4.jpg", "/a.jpg"] {
            try await world.index.add(
                UnitIndex.File(path: Data(path.utf8), size: 1, modified: 1), sha256: photo.sha256)
        }
        func names(after last: String?, limit: Int) async throws -> [String] {
            try await world.index.files(inside: Data("/a".utf8), after: last.map { Data($0.utf8) }, limit: limit)
                .map { String(decoding: $0.path, as: UTF8.self) }
        }
        #expect(try await names(after: nil, limit: 10) == ["/a/1.jpg", "/a/2.jpg", "/a/b/3.jpg"])
        #expect(try await names(after: "/a/1.jpg", limit: 1) == ["/a/2.jpg"])
    }

    @Test func unitsThatAreNotThereAreRefused() async throws {
        let world = try World(limits: UnitIndex.Limits(), seed: 11)
        await #expect(throws: DatasetSearchError.self) { try await world.index.strongest(layer: 0, unit: 99, count: 1) }
        await #expect(throws: DatasetSearchError.self) { try await world.index.strongest(layer: 5, unit: 0, count: 1) }
        await #expect(throws: DatasetSearchError.self) {
            try await world.index.mostUnusualUnits(of: UnitPeaks(layers: []), sha256: "", count: 1)
        }
    }
}

/// Random photos, in an index and in a dictionary.
private final class World {
    static let layers = [4, 3].enumerated().map { number, units in
        IndexedLayer(value: ValueID(index: number), name: "layer\(number)", nodeName: "node\(number)", units: units)
    }

    private(set) var index: UnitIndex
    let folder: URL
    /// By digest.
    private(set) var photos: [String: UnitPeaks] = [:]
    private var files: [(file: UnitIndex.File, sha256: String)] = []
    /// Digests in the order in which they were indexed.
    private var order: [String] = []
    private let limits: UnitIndex.Limits
    private var random: Generator
    private var made = 0

    init(limits: UnitIndex.Limits, seed: UInt64) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "interpretd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.limits = limits
        random = Generator(state: seed)
        index = try UnitIndex(at: folder.appending(path: "units.sqlite").path, layers: World.layers, limits: limits)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func reopen() throws {
        index = try UnitIndex(at: folder.appending(path: "units.sqlite").path, layers: World.layers, limits: limits)
    }

    func peaks(of photo: UnitIndex.Photo) throws -> UnitPeaks { try #require(photos[photo.sha256]) }

    /// Adds, replaces, or deletes.
    func change() async throws {
        let choice = Int.random(in: 0..<10, using: &random)
        if choice < 6 || files.isEmpty {
            try await add()
        } else if choice < 8 {
            try await add(replacing: Int.random(in: 0..<files.count, using: &random))
        } else {
            try await remove()
        }
    }

    func remove() async throws {
        guard !files.isEmpty else { return }
        let gone = files.remove(at: Int.random(in: 0..<files.count, using: &random))
        #expect(try await index.remove(gone.file.path))
        forgetUnheld()
    }

    @discardableResult
    func add(replacing place: Int? = nil) async throws -> (file: UnitIndex.File, sha256: String) {
        made += 1
        let sha256 = "digest \(made)"
        // Few different values, so that there are ties; many zeros, as behind ReLUs.
        let peaks = UnitPeaks(
            layers: World.layers.map { layer in
                (0..<layer.units).map { _ in
                    UnitPeaks.Peak(
                        value: Float(max(Int.random(in: -5...12, using: &random), 0)) / 4,
                        y: UInt16.random(in: 0..<14, using: &random), x: UInt16.random(in: 0..<14, using: &random))
                }
            })
        let path = place.map { files[$0].file.path } ?? Data("/photos/\(made).jpg".utf8)
        let file = UnitIndex.File(path: path, size: Int64(made), modified: Int64(made))
        try await index.add(file, sha256: sha256, width: 640, height: 480, peaks: peaks)
        photos[sha256] = peaks
        order.append(sha256)
        if let place { files[place] = (file, sha256) } else { files.append((file, sha256)) }
        forgetUnheld()
        return (file, sha256)
    }

    private func forgetUnheld() {
        let held = Set(files.map(\.sha256))
        photos = photos.filter { held.contains($0.key) }
        order.removeAll { !held.contains($0) }
    }

    private func expected(_ layer: Int, _ unit: Int, _ count: Int) -> [(String, UnitPeaks.Peak)] {
        let all = order.enumerated().compactMap { number, sha256 in
            photos[sha256].map { (number, sha256, $0.layers[layer][unit]) }
        }
        return all.sorted { ($1.2.value, $0.0) < ($0.2.value, $1.0) }.prefix(count).map { ($0.1, $0.2) }
    }

    /// Compares all units. Builds the lists anew where an answer is uncertain, as the daemon does.
    ///
    /// - Returns: how often that was.
    func check(count: Int) async throws -> Int {
        var rebuilds = 0
        while try await !checkCertainAnswers(count: count) {
            rebuilds += 1
            #expect(rebuilds < 2)
            guard rebuilds < 2 else { break }
            try await index.beginRebuild()
            while let (photo, _) = try await index.nextToRebuild() { try await index.rebuild(photo, peaks(of: photo)) }
            try await index.finishRebuild()
        }
        return rebuilds
    }

    /// - Returns: whether all answers were certain.
    func checkCertainAnswers(count: Int) async throws -> Bool {
        var isCertain = true
        for (layer, units) in World.layers.map(\.units).enumerated() {
            for unit in 0..<units {
                let answer = try await index.strongest(layer: layer, unit: unit, count: count)
                #expect(answer.photoCount == photos.count)
                guard answer.isCertain else {
                    isCertain = false
                    continue
                }
                let expected = expected(layer, unit, count)
                #expect(answer.matches.map(\.photo.sha256) == expected.map(\.0))
                #expect(answer.matches.map(\.peak) == expected.map(\.1))
            }
        }
        return isCertain
    }
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
