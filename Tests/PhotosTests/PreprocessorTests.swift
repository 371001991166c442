import Foundation
import Photos
import Tensors
import Testing

@Suite struct PreprocessorTests {
    private func configuration(_ json: String) throws -> PreprocessorConfiguration {
        try PreprocessorConfiguration(huggingFace: Data(json.utf8))
    }

    private static let imageNet = #""image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]"#
    private static let exact = """
        {"size": {"height": 12, "width": 16}, "resample": 2, "do_normalize": true, \(imageNet)}
        """
    private static let cropped = """
        {"do_resize": true, "size": {"shortest_edge": 20}, "resample": 3, "do_center_crop": true,
         "crop_size": {"height": 15, "width": 17}, "do_rescale": true, "rescale_factor": 0.00392156862745098,
         "do_normalize": true, \(imageNet), "image_processor_type": "CLIPImageProcessor"}
        """
    private static let padded = """
        {"size": 11, "resample": 2, "do_center_crop": true, "crop_size": {"height": 16, "width": 18},
         "image_mean": 0.5, "image_std": 0.5}
        """

    /// Expected: the arithmetic of Hugging Face's image_transforms.py with Pillow; float32 division is the last step,
    /// and both do it in the same order.
    @Test(arguments: [("exact", exact), ("cropped", cropped), ("padded", padded)])
    func theTensorIsHuggingFaces(name: String, json: String) throws {
        let preprocessor = Preprocessor(configuration: try configuration(json))
        let (tensor, _) = try preprocessor.tensor(from: Fixtures.bitmap("resize-source"))
        #expect(largestDifference(tensor, try Fixtures.tensor("tensor-" + name)) <= 1e-6)
    }

    @Test func theGeometryLeadsBackToThePhoto() throws {
        // 33×25 → 26×20 → the middle 17×15: 4 columns and 2 rows cut off at the near sides.
        let preprocessor = Preprocessor(configuration: try configuration(Self.cropped))
        let geometry = try preprocessor.input(from: Fixtures.bitmap("resize-source")).geometry
        #expect(geometry.inputWidth == 17 && geometry.inputHeight == 15)
        #expect(geometry.offsetX == -4 && geometry.offsetY == -2)
        let region = geometry.visibleRegion
        #expect(abs(region.x - 4 * 33.0 / 26) < 1e-9 && abs(region.y - 2 * 25.0 / 20) < 1e-9)
        #expect(abs(region.width - 17 * 33.0 / 26) < 1e-9)

        let box = PixelRectangle(x: 3, y: 2, width: 5, height: 7)
        let there = try #require(geometry.photoRectangle(box))
        let back = try #require(geometry.inputRectangle(there))
        #expect(abs(back.x - 3) < 1e-9 && abs(back.y - 2) < 1e-9)
        #expect(abs(back.width - 5) < 1e-9 && abs(back.height - 7) < 1e-9)

        let doubled = try #require(try geometry.onPhoto(width: 66, height: 50).photoRectangle(box))
        #expect(abs(doubled.x - 2 * there.x) < 1e-9 && abs(doubled.height - 2 * there.height) < 1e-9)
        #expect(geometry.inputRectangle(PixelRectangle(x: 0, y: 0, width: 4, height: 3)) == nil)
    }

    @Test func paddingIsNoPartOfThePhoto() throws {
        let preprocessor = Preprocessor(configuration: try configuration(Self.padded))
        let geometry = try preprocessor.input(from: Fixtures.bitmap("resize-source")).geometry
        #expect(geometry.offsetX == 2 && geometry.offsetY == 3)
        #expect(geometry.photoRectangle(PixelRectangle(x: 0, y: 0, width: 2, height: 16)) == nil)
        let whole = try #require(geometry.photoRectangle(PixelRectangle(x: 0, y: 0, width: 18, height: 16)))
        #expect(abs(whole.width - 33) < 1e-9 && abs(whole.height - 25) < 1e-9)
    }

    @Test func aPhotoDecodedSmallerHasTheGeometryOfTheFullSize() throws {
        let large = try JPEGEncoder.encode(Bitmap(width: 1600, height: 1200, color: .white))
        let configuration = try configuration(Self.exact)
        let photo = try PhotoDecoder.decode(large, for: configuration.decodeTarget(overlayLongSide: 200))
        #expect(photo.bitmap.width == 200)
        let input = try Preprocessor(configuration: configuration).input(from: photo)
        #expect(input.tensor.shape.dimensions == [1, 3, 12, 16])
        #expect(
            input.geometry.photoRectangle(PixelRectangle(x: 8, y: 6, width: 8, height: 6))
                == PixelRectangle(x: 800, y: 600, width: 800, height: 600))
    }

    @Test func withoutResizingEachSampleIsOneValue() throws {
        let preprocessor = Preprocessor(configuration: try configuration(#"{"do_resize": false, "do_rescale": false}"#))
        let source = try Fixtures.bitmap("resize-source")
        let (tensor, geometry) = try preprocessor.tensor(from: source)
        #expect(tensor.shape.dimensions == [1, 3, 25, 33])
        #expect(tensor[33 + 2] == Float(source[2, 1].red) && tensor[25 * 33] == Float(source[0, 0].green))
        #expect(geometry.scaleX == 1 && geometry.offsetX == 0)
    }

    @Test(arguments: [
        (#"{"do_resize": true}"#, "size"),
        (#"{"size": {"height": 0, "width": 3}}"#, "size"),
        (#"{"size": 99999999999}"#, "size"),
        (#"{"size": "large"}"#, "size"),
        (#"{"size": {"height": 3}}"#, "size"),
        (#"{"size": 8, "resample": 6}"#, "resample"),
        (#"{"size": 8, "do_center_crop": true}"#, "crop_size"),
        (#"{"size": 8, "crop_size": {"shortest_edge": 3}}"#, "crop_size"),
        (#"{"size": 8, "rescale_factor": -1}"#, "rescale_factor"),
        (#"{"size": 8, "image_mean": [0, 0]}"#, "image_std"),
        (#"{"size": 8, "image_mean": [0, 0], "image_std": [1, 1, 1]}"#, "image_mean"),
        (#"{"size": 8, "image_mean": [0, 0, 0], "image_std": [1, 0, 1]}"#, "image_std"),
        (#"{"size": 8, "do_resize": 7}"#, "do_resize"),
        ("[]", "file"),
        ("not JSON", "file"),
    ])
    func aBadValueIsNamedByItsKey(json: String, key: String) throws {
        do {
            _ = try configuration(json)
            Issue.record("\(json) was read")
        } catch PhotoError.invalidConfiguration(let got, let reason) {
            #expect(got == key || got.hasPrefix(key + "."), "\(reason)")
        }
    }

    @Test func aPhotoFarTooNarrowForItsShortestEdgeIsRefused() throws {
        let preprocessor = Preprocessor(configuration: try configuration(#"{"size": {"shortest_edge": 224}}"#))
        #expect(throws: PhotoError.self) { try preprocessor.input(from: Bitmap(width: 2, height: 4000, color: .black)) }
    }
}
