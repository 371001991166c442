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

    private func document(_ animals: [Animal], classIndex: Int? = nil) async throws -> Sidecar {
        let model = try #require(try VerdictLookTests.store(["tells-directions"]).models.first)
        var pixels: [UInt8] = []
        for y in 0..<Self.side {
            for x in 0..<Self.side {
                let animal = animals.first { $0.contains(x, y) }
                let value: UInt8 = animal.map { ($0.isCat ? x : y) % 12 < 6 ? 255 : 0 } ?? 128
                pixels += [UInt8](repeating: value, count: 3)
            }
        }
        let bitmap = try Bitmap(width: Self.side, height: Self.side, pixels: pixels)
        let prepared = try PreparedPhoto(NamedPhoto(bytes: try JPEGEncoder.encode(bitmap, quality: 98)), for: model)
        let marked = (0..<Self.side * Self.side).map { pixel in
            animals.contains { $0.contains(pixel % Self.side, pixel / Self.side) }
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
        let document = try await document([Self.cat, Animal(x: 180, y: 170, side: 5, isCat: false)])
        #expect(document.animals?.map(\.label) == ["cat", "nothing"] && document.boxes.map(\.label) == ["cat"])
    }

    @Test func oneAnimalAndAnAskedClassAreAsBefore() async throws {
        #expect(try await document([Self.cat]).animals == nil)
        let asked = try await document([Self.cat, Self.dog], classIndex: 1)
        #expect(asked.animals == nil && asked.boxes.map(\.label) == ["dog"])
    }
}
