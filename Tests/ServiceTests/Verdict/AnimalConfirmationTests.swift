import Foundation
import Localization
import Photos
import Service
import TestSupport
import Testing

/// A part that is no animal from near by is none (`Conformance/make_verdict_fixtures.py`).
@Suite struct AnimalConfirmationTests {
    /// Columns and rows.
    private typealias Place = (x: Range<Int>, y: Range<Int>)

    /// Grey, 96×96 pixels, with narrow stripes in one place and light in others.
    private static func photo(striped: Place = (8..<24, 8..<24), light: [Place] = [(56..<72, 40..<56)]) throws
        -> NamedPhoto
    {
        var pixels: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<96 {
                let isStriped = striped.x.contains(x) && striped.y.contains(y)
                let isLight = light.contains { $0.x.contains(x) && $0.y.contains(y) }
                pixels += [UInt8](repeating: isStriped ? (x % 4 < 2 ? 128 : 0) : isLight ? 255 : 128, count: 3)
            }
        }
        return NamedPhoto(bytes: try JPEGEncoder.encode(try Bitmap(width: 96, height: 96, pixels: pixels)))
    }

    private static func sighting(_ confirmation: Double, of photo: NamedPhoto) async throws -> AnimalSighting {
        let settings = #"""
            {"task": "segmentation", "background_labels": ["background"], "animal_labels": ["animal"],
             "animal_confirmation": \#(confirmation)}
            """#
        let store = try VerdictLookTests.store(["finds-stripes"], ["finds-stripes": settings])
        let model = try #require(store.verdictNetworks.finder)
        return try await AnimalFinder(model: model).look(at: try PreparedPhoto(photo, for: model))
    }

    @Test func onlyWhatIsFoundAgainIsAnAnimal() async throws {
        let all = try await Self.sighting(0, of: try Self.photo())
        #expect(all.parts.count == 2, "\(all.parts)")
        let confirmed = try await Self.sighting(0.5, of: try Self.photo())
        let part = try #require(confirmed.parts.first)
        #expect(confirmed.parts.count == 1 && abs(part.x - 56) <= 2 && abs(part.y - 40) <= 2, "\(confirmed.parts)")
        #expect(all.parts.contains(part))
        // Its outline is that of the first look.
        #expect(confirmed.mask.pixels.indices.allSatisfy { !confirmed.mask.pixels[$0] || all.mask.pixels[$0] })
    }

    /// What is no animal lies in the corner of an angle that is one: within the angle's box, and no part of it.
    @Test func ofPartsWhoseBoxesOverlapEachIsLookedAtByItself() async throws {
        let striped = (x: 56..<72, y: 32..<48)
        let photo = try Self.photo(striped: striped, light: [(40..<48, 28..<64), (40..<76, 56..<64)])
        let all = try await Self.sighting(0, of: photo)
        #expect(all.parts.count == 2, "\(all.parts)")
        let confirmed = try await Self.sighting(0.5, of: photo)
        let angle = try #require(confirmed.parts.first)
        #expect(confirmed.parts.count == 1 && all.parts.contains(angle), "\(confirmed.parts)")
        #expect(angle.x < striped.x.lowerBound && angle.x + angle.width > striped.x.upperBound)
        #expect(angle.y < striped.y.lowerBound && angle.y + angle.height > striped.y.upperBound)
        #expect(
            striped.y.allSatisfy { y in striped.x.allSatisfy { !confirmed.mask.pixels[y * confirmed.mask.width + $0] } }
        )
    }

    /// A closer look would show nothing new.
    @Test func whatFillsThePhotoIsBelieved() async throws {
        var pixels: [UInt8] = []
        for index in 0..<96 * 96 { pixels += [UInt8](repeating: index % 4 < 2 ? 128 : 0, count: 3) }
        let photo = NamedPhoto(bytes: try JPEGEncoder.encode(try Bitmap(width: 96, height: 96, pixels: pixels)))
        let sighting = try await Self.sighting(0.9, of: photo)
        #expect(sighting.area > 0.9 && sighting.parts.count == 1)
    }
}
