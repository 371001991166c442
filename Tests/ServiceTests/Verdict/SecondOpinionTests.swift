import Foundation
import Localization
import Photos
import Service
import Testing
import WireProtocol

/// Another network's opinion on the animal's name: who is asked, about which part of the photo, and what comes of it.
@Suite(.timeLimit(.minutes(30))) struct SecondOpinionTests {
    private static let doubting = #"{"outputs": "exclusive", "doubt_below": 0.05}"#

    private static func labels(_ names: String...) -> String {
        let pairs = names.enumerated().map { "\"\($0)\": \"\($1)\"" }
        return "{\"id2label\": {\(pairs.joined(separator: ", "))}}"
    }

    /// A grey photo with an animal at a place: wide vertical or horizontal stripes.
    private struct Animal {
        let x, y, side: Int
        let isUpright: Bool

        func value(_ column: Int, _ row: Int) -> UInt8? {
            guard (x..<x + side).contains(column), (y..<y + side).contains(row) else { return nil }
            return (isUpright ? column : row) % 12 < 6 ? 255 : 0
        }
        var box: BoundingBox { BoundingBox(x: Double(x), y: Double(y), width: Double(side), height: Double(side)) }
    }

    private static let side = 288
    private static let upright = Animal(x: 20, y: 30, side: 72, isUpright: true)
    private static let lying = Animal(x: 180, y: 170, side: 60, isUpright: false)

    /// What `tells-directions` says, to which upright stripes are a cat and lying ones a dog, with the second opinion of the
    /// same network under other labels.
    private func document(
        _ labels: String, _ animals: [Animal] = [upright], marked: [Animal]? = nil, settings: String = doubting
    ) async throws -> Sidecar {
        let store = try VerdictLookTests.store(
            ["tells-directions", "tells-directions=other"], ["other": settings, "other/config.json": labels])
        let other = try #require(store.verdictNetworks.opinion)
        #expect(store.photoModel?.name == "tells-directions" && other.name == "other")
        var pixels: [UInt8] = []
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                pixels += [UInt8](repeating: animals.lazy.compactMap { $0.value(x, y) }.first ?? 128, count: 3)
            }
        }
        let model = try #require(store.photoModel)
        let bitmap = try Bitmap(width: Self.side, height: Self.side, pixels: pixels)
        let prepared = try PreparedPhoto(
            NamedPhoto(bytes: try JPEGEncoder.encode(bitmap, quality: 98)), for: model, and: [other])
        let mask = (0..<Self.side * Self.side).map { pixel in
            (marked ?? animals).contains { $0.value(pixel % Self.side, pixel / Self.side) != nil }
        }
        let runs = try PixelMask(width: Self.side, height: Self.side, pixels: mask).runLengths
        let mark = AnimalMark.mask(SegmentResult.RunLengths(size: [Self.side, Self.side], counts: runs))
        let look = try await Judge(model: model, beside: VerdictNetworks(opinion: other)).look(
            at: prepared, animal: try AnimalSighting(mark, on: prepared))
        return try Composer(overlay: Overlay(font: try Font())).compose(look, []).document
    }

    @Test func whoAgreesChangesNothing() async throws {
        let verdict = try #require(try await document(Self.labels("Cat", "dog", "nothing")).verdict)
        let opinion = try #require(verdict.opinion)
        #expect(opinion.model?.name == "other" && opinion.label == "Cat" && opinion.doubtBelow == 0.05)
        #expect(opinion.probability == opinion.agreement && opinion.agreement > 0.9)
        #expect(!verdict.reasons.contains("called-otherwise"))
    }

    @Test func whoCallsItOtherwiseLeavesItUndecided() async throws {
        let agreed = try #require(try await document(Self.labels("cat", "dog", "nothing")).verdict)
        let verdict = try #require(try await document(Self.labels("dog", "cat", "nothing")).verdict)
        #expect(agreed.verdict != "undecided", "\(agreed)")
        #expect(verdict.verdict == "undecided" && verdict.reasons == ["called-otherwise"], "\(verdict)")
        #expect(verdict.opinion?.label == "dog" && verdict.opinion.map { $0.agreement < 0.05 } == true)
        #expect(verdict.sentence.hasPrefix("Undecided: another network sees dog "), "\(verdict.sentence)")
        // All else is measured all the same.
        #expect(verdict.without == agreed.without && verdict.where == agreed.where)
    }

    /// It needs a network that is asked on what it cannot compute.
    @Test func whoCannotLookCostsNoVerdict() async throws {
        let store = try VerdictLookTests.store(["reads-centre", "overflows"], ["overflows": Self.doubting])
        let model = try #require(store.photoModel)
        let white = try Bitmap(width: 96, height: 96, color: RGBColor(red: 255, green: 255, blue: 255))
        let prepared = try PreparedPhoto(NamedPhoto(bytes: try JPEGEncoder.encode(white)), for: model)
        let mark = AnimalMark.box(BoundingBox(x: 32, y: 32, width: 32, height: 32))
        let look = try await Judge(model: model, beside: VerdictNetworks(opinion: store.verdictNetworks.opinion)).look(
            at: prepared, classIndex: 0, animal: try AnimalSighting(mark, on: prepared))
        let document = try Composer(overlay: Overlay(font: try Font())).compose(look, []).document
        #expect(document.verdict != nil && document.verdict?.opinion == nil)
        #expect(document.note?.contains("'overflows' could give no second opinion") == true, "\(document)")
    }

    @Test func namesThatItDoesNotKnowAreSaid() throws {
        func notices(_ labels: String) throws -> String {
            try VerdictLookTests.store(
                ["tells-directions", "tells-directions=other"], ["other": Self.doubting, "other/config.json": labels]
            ).remarks.joined()
        }
        let some = try notices(Self.labels("cat", "Hund", "nothing"))
        #expect(some.contains("on 1 of the 2 labels of 'tells-directions'") && some.contains(": dog"), "\(some)")
        #expect(try notices(Self.labels("Cat", "dog", "no animal")).isEmpty)
    }

    @Test func whoDoesNotKnowTheNameHasNoOpinion() async throws {
        for labels in [Self.labels("horse", "cow", "nothing"), Self.labels("lynx", "dog")] {
            let verdict = try #require(try await document(labels).verdict)
            #expect(verdict.opinion == nil && !verdict.reasons.contains("called-otherwise"))
        }
    }

    /// Of two animals the one that the box is around is asked about, whichever is larger.
    @Test func itIsAboutTheAnimalInTheBox() async throws {
        for (animal, name) in [(Self.upright, "cat"), (Self.lying, "dog")] {
            let document = try await document(
                Self.labels("cat", "dog", "nothing"), [animal], marked: [Self.upright, Self.lying])
            #expect(document.predictions.first?.label == name)
            #expect(document.verdict?.opinion?.label == name, "\(String(describing: document.verdict))")
        }
    }

    /// Dark stripes from edge to edge are a dog to the classifier, and nothing to the animal network.
    @Test func whereNoAnimalWasFoundABoxThatItDoubtsGoes() async throws {
        func document(_ labels: String, classIndex: Int? = nil) async throws -> Sidecar {
            let store = try VerdictLookTests.store(
                ["tells-directions", "finds-stripes", "tells-directions=other"],
                ["other": Self.doubting, "other/config.json": labels])
            var pixels: [UInt8] = []
            for y in 0..<Self.side {
                let isDark = (108..<168).contains(y) && y % 12 < 6
                pixels += [UInt8](repeating: isDark ? 0 : 128, count: 3 * Self.side)
            }
            let bitmap = try Bitmap(width: Self.side, height: Self.side, pixels: pixels)
            let (model, other) = (try #require(store.photoModel), try #require(store.verdictNetworks.opinion))
            let prepared = try PreparedPhoto(
                NamedPhoto(bytes: try JPEGEncoder.encode(bitmap, quality: 98)), for: model,
                and: [other, try #require(store.verdictNetworks.finder)])
            let look = try await Judge(
                model: model, beside: VerdictNetworks(finder: store.verdictNetworks.finder, opinion: other)
            )
            .look(at: prepared, classIndex: classIndex)
            return try Composer(overlay: Overlay(font: try Font())).compose(look, []).document
        }
        let agreed = try await document(Self.labels("cat", "dog", "nothing"))
        #expect(agreed.boxes.map(\.label) == ["dog"] && agreed.verdict?.reasons == ["no-animal-found"], "\(agreed)")
        let doubted = try await document(Self.labels("dog", "cat", "nothing"))
        #expect(doubted.boxes.isEmpty && doubted.verdict?.reasons == ["no-label-holds"], "\(doubted)")
        #expect(doubted.verdict?.opinion?.label == "cat" && doubted.predictions.first?.label == "dog")
        #expect(doubted.verdict?.sentence.contains("another network sees cat ") == true, "\(doubted)")
        #expect(doubted.note?.contains("another sees cat ") == true, "\(doubted)")
        // Whoever asks about a class is answered.
        #expect(try await document(Self.labels("dog", "cat", "nothing"), classIndex: 1).boxes.map(\.label) == ["dog"])
    }

    @Test func aNetworkForOpinionsNamesNoPhotosOfTheInbox() throws {
        let alone = try VerdictLookTests.store(["tells-directions"], ["tells-directions": Self.doubting])
        #expect(alone.photoModel == nil && alone.verdictNetworks.opinion?.name == "tells-directions")
        // One's own goes before the bundled one.
        let own = try VerdictLookTests.store(
            ["tells-directions=species", "tells-directions=zoologist"],
            ["species": Self.doubting, "zoologist": Self.doubting])
        #expect(own.verdictNetworks.opinion?.name == "zoologist" && own.photoModel == nil)
    }
}
