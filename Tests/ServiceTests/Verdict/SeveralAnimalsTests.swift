import Foundation
import Localization
import Photos
import Service
import Testing
import WireProtocol

/// Several animals in one photo, asked of a network that calls vertical stripes a cat and horizontal ones a dog, and gives a
/// photo one label.
@Suite(.timeLimit(.minutes(30))) struct SeveralAnimalsTests {
    private static let side = 288

    /// A striped square.
    private struct Animal {
        let x, y, side: Int
        let isCat: Bool

        var box: BoundingBox { BoundingBox(x: Double(x), y: Double(y), width: Double(side), height: Double(side)) }

        func contains(_ column: Int, _ row: Int) -> Bool {
            (x..<x + side).contains(column) && (y..<y + side).contains(row)
        }
    }

    private static let cat = Animal(x: 20, y: 30, side: 72, isCat: true)
    private static let dog = Animal(x: 180, y: 170, side: 60, isCat: false)

    /// - Parameters:
    ///   - share: how much of the file there is.
    ///   - marked: where a person says that animals are; where they are where nil.
    private func document(
        _ animals: [Animal], classIndex: Int? = nil, settings: [String: String] = [:], share: Double = 1,
        marked: [Animal]? = nil
    ) async throws -> Sidecar {
        let model = try #require(try VerdictLookTests.store(["tells-directions"], settings).models.first)
        var pixels: [UInt8] = []
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                let animal = animals.first { $0.contains(x, y) }
                let value: UInt8 = animal.map { ($0.isCat ? x : y) % 12 < 6 ? 255 : 0 } ?? 128
                pixels += [UInt8](repeating: value, count: 3)
            }
        }
        let bitmap = try Bitmap(width: Self.side, height: Self.side, pixels: pixels)
        let bytes = try JPEGEncoder.encode(bitmap, quality: 98)
        let prepared = try PreparedPhoto(
            NamedPhoto(bytes: bytes.prefix(Int(Double(bytes.count) * share))), for: model)
        let marked = (0..<Self.side * Self.side).map { pixel in
            (marked ?? animals).contains { $0.contains(pixel % Self.side, pixel / Self.side) }
        }
        let runs = try PixelMask(width: Self.side, height: Self.side, pixels: marked).runLengths
        let mark = AnimalMark.mask(SegmentResult.RunLengths(size: [Self.side, Self.side], counts: runs))
        let look = try await Judge(model: model).look(
            at: prepared, classIndex: classIndex, animal: try AnimalSighting(mark, on: prepared))
        return try Composer(overlay: Overlay(font: try Font())).compose(look, []).document
    }

    @Test func eachGetsItsOwnName() async throws {
        let document = try await document([Self.cat, Self.dog])
        // The photo has one label, the other's probability is next to nothing.
        #expect(document.predictions[0].label == "cat" && document.verdict?.label == "cat")
        #expect(document.predictions.first { $0.label == "dog" }.flatMap(\.probability).map { $0 < 0.4 } == true)
        let animals = try #require(document.animals)
        #expect(animals.map(\.label) == ["cat", "dog"] && animals.map(\.bbox) == [Self.cat.box, Self.dog.box])
        for animal in animals { #expect(animal.probability > 0.95) }
        #expect(document.boxes.map(\.label) == ["cat", "dog"])
        for (box, animal) in zip(document.boxes, [Self.cat, Self.dog]) {
            #expect(box.bbox.intersectionOverUnion(animal.box) > 0.5, "\(box) \(animal)")
            #expect(box.method == "cam")
        }
        #expect(document.note?.contains("2 animals were found, and by itself each is: cat 100 %, dog 100 %") == true)
        #expect(document.milliseconds["animals"] != nil)
    }

    @Test func twoOfAKindAreTwo() async throws {
        let small = Animal(x: 190, y: 180, side: 60, isCat: true)
        let document = try await document([Self.cat, small])
        #expect(document.boxes.map(\.label) == ["cat", "cat"])
        for animal in [Self.cat, small] {
            #expect(document.boxes.contains { $0.bbox.intersectionOverUnion(animal.box) > 0.4 }, "\(document.boxes)")
        }
    }

    /// The others are hidden: a little dog in the cat's square does not make it a dog, nor does the cat name the dog.
    @Test func neighboursDoNotName() async throws {
        let close = Animal(x: 96, y: 60, side: 60, isCat: false)
        let animals = try #require(try await document([Self.cat, close]).animals)
        #expect(animals.map(\.label) == ["cat", "dog"])
        for animal in animals { #expect(animal.probability > 0.95, "\(animals)") }
    }

    @Test func whatIsNoAnimalToTheNetworkGetsNoBox() async throws {
        let document = try await document([Self.cat], marked: [Self.cat, Self.dog])
        #expect(document.animals?.map(\.label) == ["cat", "nothing"] && document.boxes.map(\.label) == ["cat"])
    }

    /// A box around both cats would cover the dog between them; each has one of its own in its place.
    @Test func aBoxOverAnotherKindGivesWay() async throws {
        let cats = [Animal(x: 10, y: 100, side: 72, isCat: true), Animal(x: 200, y: 100, side: 72, isCat: true)]
        let dog = Animal(x: 100, y: 110, side: 48, isCat: false)
        let settings = Self.settings(#""cam_threshold": 0.001"#)
        let document = try await document(cats + [dog], settings: ["tells-directions": settings])
        #expect(document.boxes.map(\.label) == ["cat", "cat", "dog"], "\(document.boxes)")
        for animal in cats + [dog] {
            #expect(document.boxes.contains { $0.bbox.intersectionOverUnion(animal.box) > 0.2 }, "\(document.boxes)")
        }
        // What is said of the box is said of one that is there.
        #expect(document.evidence != nil && document.verdict?.box != nil)
    }

    @Test func whatIsNotClaimedGetsNoBox() async throws {
        let settings = Self.settings(#""threshold": {"dog": 0.9999999}"#)
        let document = try await document([Self.cat, Self.dog], settings: ["tells-directions": settings])
        #expect(document.animals?.map(\.label) == ["cat", "dog"] && document.boxes.map(\.label) == ["cat"])
    }

    /// One animal that is marked in pieces has one box, and specks are no animals.
    @Test func piecesAndSpecks() async throws {
        let halves = [
            Animal(x: 20, y: 30, side: 72, isCat: true), Animal(x: 93, y: 30, side: 72, isCat: true),
        ]
        let whole = Animal(x: 20, y: 30, side: 146, isCat: true)
        let pieces = try await document([whole], marked: halves)
        for (index, box) in pieces.boxes.enumerated() {
            for other in pieces.boxes.dropFirst(index + 1) { #expect(box.bbox.intersectionOverUnion(other.bbox) < 0.5) }
        }
        let specks = (0..<40).map { Animal(x: 5 + 7 * $0, y: 280, side: 1, isCat: true) }
        #expect(try await document([Self.cat], marked: [Self.cat] + specks).animals == nil)
        let many = (0..<16).map { Animal(x: 10 + 70 * ($0 % 4), y: 10 + 70 * ($0 / 4), side: 30, isCat: true) }
        let note = try #require(try await document(many).note)
        #expect(note.contains("16 animals were found, and by itself each of the 8 largest is: "), "\(note)")
    }

    /// The file ends below one animal, above the other, or within it.
    @Test(arguments: [0.45, 0.6, 0.75, 0.9])
    func aPhotoThatIsNotAllThereIsLookedAtAllTheSame(share: Double) async throws {
        let document = try await document([Self.cat, Self.dog], share: share)
        let missing = try #require(document.photo?.damage?.missing)
        #expect(document.animals != nil)
        for box in document.boxes { #expect(box.bbox.y + box.bbox.height <= missing.y + 1, "\(box) \(missing)") }
    }

    private static func settings(_ further: String) -> String {
        #"{"outputs": "exclusive", "background_labels": ["nothing"], "# + further + "}"
    }

    @Test func oneAnimalAndAnAskedClassAreAsBefore() async throws {
        #expect(try await document([Self.cat]).animals == nil)
        let asked = try await document([Self.cat, Self.dog], classIndex: 1)
        #expect(asked.animals == nil && asked.boxes.map(\.label) == ["dog"])
    }
}
