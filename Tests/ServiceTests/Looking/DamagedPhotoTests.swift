import Files
import Foundation
import Photos
import Service
import Testing
import WireProtocol

/// What is said of a photo of which half is missing.
@Suite struct DamagedPhotoTests {
    private let composer: Composer
    private let cut: Data

    init() throws {
        composer = Composer(overlay: Overlay(font: try Font()))
        cut = try Data(
            contentsOf: TestModels.root.appending(path: "Tests/PhotosTests/Fixtures/cameras/cut50.jpg"))
    }

    /// The photo with an EXIF block that says how it was held.
    private func cut(heldAs orientation: Int) -> Data {
        let tiff =
            Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0]
            + [UInt8(orientation), 0, 0, 0, 0, 0, 0, 0]
        return cut.prefix(2) + Data([0xff, 0xe1, 0, UInt8(tiff.count + 2)] + tiff) + cut.dropFirst(2)
    }

    private func overlaps(_ a: BoundingBox, _ b: BoundingBox) -> Bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    @Test(arguments: 1...8)
    func noBoxReachesIntoWhatIsMissing(orientation: Int) async throws {
        let models = [try TestModels.petshop, try TestModels.petmask]
        let prepared = try PreparedPhoto(
            NamedPhoto(bytes: cut(heldAs: orientation), path: FilePath("/srv/cut.jpg")), for: models[0],
            and: [models[1]])
        let isTurned = orientation >= 5
        // For each class, so that there are boxes whatever the network thinks of half a cat.
        for classIndex in [nil, 0, 1] as [Int?] {
            let look = try await Judge(model: models[0]).look(
                at: prepared, classIndex: classIndex, hidesWindows: orientation == 1)
            let document = try composer.compose(look, []).document
            let damage = try #require(document.photo?.damage)
            #expect(damage.kind == "rows-missing" && damage.sentence.contains("ends early"))
            let missing = try #require(damage.missing)
            #expect(isTurned ? missing.height == 451 : missing.width == 451)
            for box in document.boxes { #expect(!overlaps(box.bbox, missing), "\(box.bbox) and \(missing)") }
            if let worst = document.occlusion { #expect(!overlaps(worst.bbox, missing)) }
            if classIndex == 0 { #expect(!document.boxes.isEmpty) }
        }
        let seen = try await PhotoSegmenter(model: models[1]).look(at: try prepared.prepared(for: models[1]))
        let document = try composer.compose(seen, []).document
        let missing = try #require(document.photo?.damage?.missing)
        for box in document.boxes { #expect(!overlaps(box.bbox, missing)) }
    }

    @Test func theOverlayHatchesWhatIsMissingAndTheDocumentSaysItInJSON() async throws {
        let model = try TestModels.petshop
        let prepared = try PreparedPhoto(NamedPhoto(bytes: cut, path: FilePath("/srv/cut.jpg")), for: model)
        let composition = try composer.compose(try await Judge(model: model).look(at: prepared), [.overlay, .saliency])
        let missing = try #require(composition.document.photo?.damage?.missing)
        let overlay = try PhotoDecoder.decode(try #require(composition.picture(.overlay))).bitmap
        // Light and dark stripes along a row of the missing part, above the sentence at the bottom.
        let row = (0..<overlay.width).map { Int(overlay[$0, Int(missing.y) + 12].red) }
        #expect((row.min() ?? 0) < 110 && (row.max() ?? 0) > 150)
        let saliency = try PhotoDecoder.decode(try #require(composition.picture(.saliency))).bitmap
        let stripes = (0..<saliency.width).map { Int(saliency[$0, Int(missing.y) + 12].red) }
        #expect((stripes.min() ?? 255) < 30 && (50...120).contains(stripes.max() ?? 0))
        var plain = composer
        plain.plainSaliency = true
        let alone = try plain.compose(try await Judge(model: model).look(at: prepared), [.saliency])
        let grey = try PhotoDecoder.decode(try #require(alone.picture(.saliency))).bitmap
        #expect(grey[200, Int(missing.y + missing.height / 2)].red < 16)

        let text = String(decoding: try composition.document.fileContents(), as: UTF8.self)
        #expect(text.contains("\"damage\"") && text.contains("rows-missing"))
        let again = try JSONDecoder().decode(Sidecar.self, from: Data(text.utf8))
        #expect(again.photo == composition.document.photo)
    }

    @Test func aPhotoThatIsCompleteHasNoDamageInItsDocument() async throws {
        let model = try TestModels.petshop
        let bytes = try Data(
            contentsOf: TestModels.root.appending(path: "Tests/PhotosTests/Fixtures/cameras/noeoi.jpg"))
        let prepared = try PreparedPhoto(NamedPhoto(bytes: bytes), for: model)
        let document = try composer.compose(try await Judge(model: model).look(at: prepared), []).document
        #expect(document.photo?.damage == nil)
        #expect(!String(decoding: try document.fileContents(), as: UTF8.self).contains("damage"))
    }
}
