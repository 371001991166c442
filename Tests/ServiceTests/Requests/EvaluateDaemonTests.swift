import Foundation
import TestSupport
import Testing
import WireProtocol

/// `evaluate` by the real daemon, on the one photo that may be passed on.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct EvaluateDaemonTests {
    private let folder = RunningDaemon.demoPhoto.deletingLastPathComponent().path

    @Test func aPhotosTruthIsHeldAgainstItsMaps() async throws {
        let daemon = try await RunningDaemon()
        // Drawn by hand, as shares of the sides; and the same as a mask.
        let cat = TruePhoto(
            file: "cat.jpg", labels: ["cat"],
            boxes: [.init(bbox: .init(x: 0, y: 0, width: 0.9, height: 1), label: "cat", isRelative: true)],
            mask: .init(size: [1, 10], counts: [0, 9, 1]))
        let wrong = TruePhoto(
            file: "cat.jpg", labels: ["dog"], boxes: [.init(bbox: .init(x: 440, y: 290, width: 8, height: 8))])
        let missing = TruePhoto(file: "no-such.jpg", labels: ["cat"])
        let result = try await daemon.result(
            of: RPCMethods.evaluate,
            EvaluateParameters(
                folder: folder, photos: [cat, cat, wrong, missing],
                methods: [.init(name: "cam"), .init(name: "gradient")],
                measures: FaithfulnessMeasure.allCases.map(\.rawValue).filter { $0 != "road" }, steps: 4, samples: 2,
                charts: true, perPhoto: true))
        #expect(result.photos == 3)
        #expect(result.skipped.keys.sorted() == ["no-such.jpg"])
        let accuracy = try #require(result.accuracy)
        #expect(abs(accuracy.share.value - 2.0 / 3) < 1e-9 && accuracy.share.count == 3)
        #expect(accuracy.classes.map(\.label) == ["cat", "dog"])
        #expect(accuracy.confusion == [[2, 0], [1, 0]])
        #expect(result.localization.map(\.method) == ["cam", "gradient", "center-box", "center-gaussian"])
        let cam = result.localization[0]
        #expect(cam.pointing.map { abs($0.value - 2.0 / 3) < 1e-9 } == true)
        #expect(cam.maxBoxAccuracyV2.count == 3 && cam.pixelAveragePrecision?.count == 2)
        #expect(try #require(cam.pixelAveragePrecision).value > 0.85)
        for row in result.faithfulness {
            #expect(row.measures.count == FaithfulnessMeasure.allCases.count - 1, "\(row)")
            #expect(row.measures.values.allSatisfy { $0.value.isFinite && $0.low <= $0.value && $0.value <= $0.high })
        }
        let photos = try #require(result.perPhoto)
        #expect(photos.map(\.explained) == ["cat", "cat", "dog"])
        #expect(photos.allSatisfy { $0.predicted == "cat" && $0.measures.keys.sorted() == ["cam", "gradient"] })
        let charts = try #require(result.charts)
        #expect(
            charts.keys.sorted() == ["faithfulness.png", "faithfulness.svg", "localization.png", "localization.svg"])
        #expect(charts["localization.png"]?.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        #expect(charts["localization.svg"].map { String(decoding: $0, as: UTF8.self).contains("center-box") } == true)
        #expect(try await daemon.stop() == 0)
    }

    @Test func whatIsNotMeasuredIsSaid() async throws {
        let daemon = try await RunningDaemon()
        let outside = TruePhoto(
            file: "cat.jpg", labels: ["cat"], boxes: [.init(bbox: .init(x: 5000, y: 0, width: 10, height: 10))])
        let result = try await daemon.result(
            of: RPCMethods.evaluate,
            EvaluateParameters(
                folder: folder, photos: [.init(file: "cat.jpg", labels: ["cat"]), outside],
                methods: [.init(name: "cam")]))
        #expect(result.photos == 1 && result.localization.isEmpty)
        #expect(result.skipped["cat.jpg"]?.contains("wholly outside of the photo, which is") == true)
        #expect(result.notes.contains { $0.contains("no map was measured") })

        // One photo has no other half in which a threshold could be chosen.
        let cat = TruePhoto(
            file: "cat.jpg", labels: ["cat"],
            boxes: [.init(bbox: .init(x: 0, y: 0, width: 0.9, height: 1), label: "cat", isRelative: true)])
        let alone = try await daemon.result(
            of: RPCMethods.evaluate,
            EvaluateParameters(folder: folder, photos: [cat], methods: [.init(name: "cam")]))
        let row = try #require(alone.localization.first)
        #expect(row.maxBoxAccuracy == nil && row.maxBoxAccuracyV2.isEmpty && row.thresholds.isEmpty)
        #expect(row.ownThreshold?.value == 1 && row.pointing?.value == 1)
        #expect(alone.notes.contains { $0.contains("MaxBoxAcc is left out") })
        #expect(try await daemon.stop() == 0)
    }

    @Test(arguments: [
        ("beauty", "there is no measure 'beauty'"), ("insertion", "steps should be from 2 to 1000, got 1"),
    ])
    func whatIsNotKnownIsRefused(measure: String, words: String) async throws {
        let daemon = try await RunningDaemon()
        await #expect {
            try await daemon.result(
                of: RPCMethods.evaluate,
                EvaluateParameters(
                    folder: folder, photos: [.init(file: "cat.jpg")], measures: [measure], steps: 1))
        } throws: {
            ($0 as? RPCError)?.message.contains(words) == true
        }
        #expect(try await daemon.stop() == 0)
    }
}
