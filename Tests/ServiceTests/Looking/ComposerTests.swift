import Digests
import Files
import Foundation
import Inbox
import Interpretation
import Photos
import Service
import Tensors
import Testing
import WireProtocol

/// From what was seen to document and pictures.
@Suite struct ComposerTests {
    private let composer: Composer
    private let bytes: Data

    init() throws {
        composer = Composer(overlay: Overlay(font: try Font()))
        bytes = try Data(contentsOf: TestModels.root.appending(path: "Documentation/demo/cat.jpg"))
    }

    private func prepared(for model: LoadedModel, and further: [LoadedModel] = []) throws -> PreparedPhoto {
        try PreparedPhoto(NamedPhoto(bytes: bytes, path: FilePath("/srv/cat.jpg")), for: model, and: further)
    }

    private func explanation(ofClass classIndex: Int, map: [Float], picture: [Float]? = nil) throws -> Explanation {
        let shape = try Shape([2, 2])
        func tensor(_ values: [Float]) -> Tensor {
            Tensor(shape: shape) { target in for index in target.indices { target[index] = values[index] } }
        }
        return Explanation(
            scores: [2, 1, 0], classIndex: classIndex, map: tensor(map), picture: picture.map(tensor))
    }

    // MARK: Decoding

    @Test func aPhotoForTwoNetworksIsDecodedOnceAndBothSeeWhatTheyWouldSeeAlone() throws {
        let (petshop, petmask) = (try TestModels.petshop, try TestModels.petmask)
        let both = try prepared(for: petshop, and: [petmask])
        let second = try both.prepared(for: petmask)
        let alone = try prepared(for: petmask)
        // The same pixels in memory, not only the same values.
        let buffers = [both, second].map { $0.photo.bitmap.pixels.withUnsafeBufferPointer(\.baseAddress) }
        #expect(buffers[0] == buffers[1])
        #expect(second.input.tensor.values == alone.input.tensor.values)
        #expect(second.input.geometry == alone.input.geometry && second.region == alone.region)
        #expect(second.input.tensor.shape != both.input.tensor.shape)
    }

    @Test func aTargetForTwoServesBoth() {
        let small = DecodeTarget.atLeast(inputWidth: 128, inputHeight: 256, longSide: 960)
        let large = DecodeTarget.atLeast(inputWidth: 224, inputHeight: 224, longSide: 640)
        #expect(small.joined(with: large) == .atLeast(inputWidth: 224, inputHeight: 256, longSide: 960))
        #expect(small.joined(with: .fullScale) == .fullScale)
        #expect(DecodeTarget.fullScale.joined(with: small) == .fullScale)
    }

    // MARK: A class

    @Test func onlyThePicturesThatAreWantedAndThereAreMade() async throws {
        let look = try await Judge(model: try TestModels.petshop).look(at: try prepared(for: try TestModels.petshop))
        #expect(try composer.compose(look, []).pictures.isEmpty)
        // Nobody hid windows, and a classifier has no mask.
        let composition = try composer.compose(look, [.saliency, .overlay, .occlusion, .mask])
        #expect(composition.pictures.map(\.kind) == [.saliency, .overlay])
        for picture in composition.pictures {
            let decoded = try PhotoDecoder.decode(picture.contents)
            #expect(decoded.width == 451 && decoded.height == 300)
        }
    }

    @Test func theDocumentSaysWhatWasSeenInWhichPhoto() async throws {
        let model = try TestModels.petshop
        let look = try await Judge(model: model).look(at: try prepared(for: model), hidesWindows: true)
        let composition = try composer.compose(look, [.occlusion])
        let document = composition.document
        #expect(
            document.photo
                == Sidecar.Photo(file: "cat.jpg", width: 451, height: 300, sha256: SHA256.hexDigest(of: bytes)))
        #expect(document.model == Sidecar.Model(name: "petshop", sha256: model.sha256))
        #expect(document.predictions.map(\.label) == ["cat", "dog", "other"])
        #expect(document.boxes.first?.method == "cam" && document.boxes.first?.label == "cat")
        #expect(document.evidence?.probability == document.occlusion?.probability)
        #expect(composition.pictures.map(\.kind) == [.occlusion])
        #expect(
            Set(document.milliseconds.keys) == [
                "decode", "forward", "explain", "verdict", "occlusion", "render", "total",
            ])
    }

    @Test func aMethodThatLocatesGivesABoxWhereItsMapIsHigh() throws {
        let model = try TestModels.petshop
        let prepared = try prepared(for: model)
        let cam = try Methods.named("cam")
        let drawn = try explanation(ofClass: 0, map: [0, 1, 0, 0])
        let look = try ClassLook(drawn, by: cam, of: prepared, model, wasAsked: true, milliseconds: 3)
        let document = try composer.compose(look, []).document
        let box = try #require(document.boxes.first)
        #expect(box.bbox.x > 100 && box.bbox.y == 0 && box.method == "cam")
        #expect(document.milliseconds["explain"] == 3)
        // The box is from the map, whatever is drawn.
        let other = try explanation(ofClass: 0, map: [0, 1, 0, 0], picture: [0, 0, 1, 0])
        let second = try ClassLook(other, by: cam, of: prepared, model, wasAsked: true, milliseconds: 3)
        #expect(try composer.compose(second, []).document.boxes == document.boxes)
        #expect(
            try composer.compose(second, [.overlay]).picture(.overlay)
                != composer.compose(look, [.overlay]).picture(.overlay))
    }

    @Test func backgroundGetsNoBoxNorDoesAMethodThatOnlyShades() throws {
        let model = try TestModels.petshop
        let prepared = try prepared(for: model)
        let map: [Float] = [0, 1, 0, 0]
        let background = try ClassLook(
            explanation(ofClass: 2, map: map), by: Methods.named("cam"), of: prepared, model, wasAsked: true,
            milliseconds: 0)
        let shading = try ClassLook(
            explanation(ofClass: 0, map: map), by: Methods.named("gradient"), of: prepared, model, wasAsked: true,
            milliseconds: 0)
        for look in [background, shading] { #expect(try composer.compose(look, []).document.boxes.isEmpty) }
    }

    @Test func theSaliencyLiesOverThePhotoOrIsTheMapAloneWhereThatIsWanted() async throws {
        let model = try TestModels.petshop
        let look = try await Judge(model: model).look(at: try prepared(for: model))
        func picture(_ isPlain: Bool) throws -> Bitmap {
            var composer = composer
            composer.plainSaliency = isPlain
            return try PhotoDecoder.decode(
                try #require(try composer.compose(look, [.saliency]).picture(.saliency))
            ).bitmap
        }
        let (over, plain) = (try picture(false), try picture(true))
        // In the middle, away from title and scale: nowhere darker than the map alone, and brighter where that is dark.
        var brighter = 0
        for y in 100..<200 {
            for x in 100..<350 {
                #expect(Int(over[x, y].red) >= Int(plain[x, y].red) - 24)
                if plain[x, y].red < 20, over[x, y].red > 30 { brighter += 1 }
            }
        }
        #expect(brighter > 1000)
    }

    @Test func aPreviewIsTheOverlayInOtherColoursAndPicturesCanBePNG() async throws {
        let model = try TestModels.petshop
        let look = try await Judge(model: model).look(at: try prepared(for: model))
        var styled = composer
        styled.format = .png
        let pictures = try styled.compose(look, [.overlay, .saliency]).pictures
        #expect(
            pictures.map { $0.contents.prefix(4) } == [
                Data([0x89, 0x50, 0x4E, 0x47]), Data([0x89, 0x50, 0x4E, 0x47]),
            ])
        let room = PictureRoom(width: 120, height: 80)
        let usual = try styled.preview(of: look, in: room)
        #expect(usual.width == 120 && usual.height == 80 && usual.rgb.count == 120 * 80 * 3)
        styled.overlay.style.colorMap = .viridis
        let viridis = try styled.preview(of: look, in: room)
        styled.overlay.style.heatMapOpacity = 0
        let bare = try styled.preview(of: look, in: room)
        #expect(usual != viridis && viridis != bare)
    }

    // MARK: A segmentation

    @Test func whatASecondNetworkSeesIsAddedAndItsTimeCounted() async throws {
        let (petshop, petmask) = (try TestModels.petshop, try TestModels.petmask)
        let prepared = try prepared(for: petshop, and: [petmask])
        var composition = try composer.compose(
            try await Judge(model: petshop).look(at: prepared), [.saliency, .overlay, .occlusion])
        let before = composition.document
        let look = try await PhotoSegmenter(model: petmask).look(at: try prepared.prepared(for: petmask))
        let segmented = try composer.compose(look, [.mask])
        composition.add(segmented)
        let document = composition.document
        #expect(document.segmentation?.segments.map(\.label) == ["pet"])
        #expect(document.boxes == before.boxes + segmented.document.boxes)
        #expect(segmented.document.boxes.first?.method == "segmentation")
        #expect(document.model == before.model && document.predictions == before.predictions)
        let (total, segment) = (document.milliseconds["total"] ?? 0, document.milliseconds["segment"] ?? 0)
        #expect(abs(total - segment - (before.milliseconds["total"] ?? 0)) < 0.011)

        let files = try composition.sidecars(of: Array("cat.jpg".utf8))
        #expect(files.map(\.kind) == [.saliency, .overlay, .mask, .boxes])
        let written = try JSONDecoder().decode(Sidecar.self, from: files[3].contents)
        #expect(
            written.files
                == Sidecar.Files([
                    .saliency: "cat.jpg.saliency.jpg", .overlay: "cat.jpg.overlay.jpg", .mask: "cat.jpg.mask.jpg",
                ]))
    }

    @Test func aSegmentationAloneIsADocumentOfItsOwn() async throws {
        let petmask = try TestModels.petmask
        let look = try await PhotoSegmenter(model: petmask).look(at: try prepared(for: petmask))
        let composition = try composer.compose(look, [.mask, .overlay, .saliency])
        #expect(composition.pictures.map(\.kind) == [.mask, .overlay])
        #expect(composition.document.predictions.isEmpty && composition.document.model.name == "petmask")
        #expect(Set(composition.document.milliseconds.keys) == ["decode", "forward", "explain", "render", "total"])
    }
}
