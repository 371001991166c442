import DatasetSearch
import Foundation
import Networks
import Testing

/// What the index keeps of decisions, until their photos leave.
@Suite struct DecisionTests {
    private let folder: URL
    private let index: UnitIndex

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "interpretd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let layers = [IndexedLayer(value: ValueID(index: 0), name: "scores", nodeName: "head", units: 1)]
        index = try UnitIndex(at: folder.appending(path: "units.sqlite").path, layers: layers)
    }

    private func decision(classIndex: Int = 1, time: Double = 1000, features: [Float]? = nil) -> Decision {
        let side = Decision.EvidenceMap.side
        return Decision(
            classIndex: classIndex, probability: 0.75, time: time,
            map: Decision.EvidenceMap(method: "cam", values: (0..<side * side).map { Float($0) * 300 }),
            features: features,
            verdict: Decision.Verdict(
                word: "looks-elsewhere", reasons: ["stays-without-animal", "evidence-off-animal"], share: 0.2,
                expectedShare: nil), camera: "Canon EOS R5")
    }

    private func add(_ name: String, _ decision: Decision?) async throws {
        let file = UnitIndex.File(path: Data("/\(name).jpg".utf8), size: 1, modified: 1)
        let peaks = UnitPeaks(layers: [[UnitPeaks.Peak(value: 1, y: 0, x: 0)]])
        try await index.add(file, sha256: name, width: 4, height: 3, peaks: peaks, decision: decision)
    }

    @Test func aDecisionComesBackAsItWasToHalfPrecision() async throws {
        let features: [Float] = [0, 1e-3, -2.5, 80_000]
        try await add("a", decision(features: features))
        defer { try? FileManager.default.removeItem(at: folder) }
        let found = try #require(try await index.decisions().first)
        #expect(found.photo.sha256 == "a")
        let expected = decision()
        #expect(found.decision.classIndex == 1 && found.decision.probability == 0.75 && found.decision.time == 1000)
        #expect(found.decision.verdict == expected.verdict && found.decision.camera == expected.camera)
        let map = try #require(found.decision.map)
        #expect(map.method == "cam")
        // Half precision has eleven bits, of the share of the largest.
        for (value, original) in zip(map.values, try #require(expected.map).values) {
            #expect(abs(value - original) <= max(original * 0x1p-11, 76_500 * 0x1p-24))
        }
        for (value, original) in zip(try #require(found.decision.features), features) {
            #expect(abs(value - original) <= max(abs(original) * 0x1p-11, 80_000 * 0x1p-24))
        }
    }

    @Test func decisionsAreFoundByClassAndTimeAndLeaveWithTheirPhotos() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try await add("a", decision(classIndex: 0, time: 10))
        try await add("b", decision(classIndex: 1, time: 20))
        try await add("c", nil)
        #expect(try await index.decisions().map(\.photo.sha256) == ["a", "b"])
        #expect(try await index.undecidedCount() == 1)
        #expect(try await index.decisions(ofClass: 1).map(\.photo.sha256) == ["b"])
        let since = Date(timeIntervalSince1970: 15)
        #expect(try await index.decisions(since: since).map(\.photo.sha256) == ["b"])
        #expect(try await index.decisions(ofClass: 0, since: since).isEmpty)
        // Judged again: the newer decision counts.
        try await add("a", decision(classIndex: 1, time: 30))
        #expect(try await index.decisions(ofClass: 0).isEmpty)
        #expect(try await index.decisions(ofClass: 1).map(\.decision.time) == [30, 20])
        try await index.remove(Data("/a.jpg".utf8))
        #expect(try await index.decisions().map(\.photo.sha256) == ["b"])
    }
}
