import Foundation
import Photos
import Tensors
import Testing

/// Expected: what transformers, timm, torchvision, Keras's arithmetic and OpenCV make of the picture, see
/// Conformance/preprocessing_fixtures.py. In steps of an 8-bit sample, each of which may be rounded the other way where a
/// library computes in another precision.
@Suite struct PreprocessingFixtureTests {
    private static let folder = Fixtures.folder.appending(path: "preprocessing")
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()

    @Test func eachKindHasAFixture() { #expect(Self.names.count >= 30) }

    @Test(arguments: names)
    func theTensorIsTheLibrarys(name: String) throws {
        let files = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: Self.folder.appending(path: name + ".json")))
                as? [String: Any])
        let (file, content) = try #require(files.first)
        let json = try JSONSerialization.data(withJSONObject: content)
        let configuration: PreprocessorConfiguration? =
            switch file {
            case "preprocessor_config.json": try PreprocessorConfiguration(huggingFace: json)
            case "config.json": try PreprocessorConfiguration.timm(json: json)
            default: try PreprocessorConfiguration.interpret(json: json)
            }
        let found = try #require(configuration)
        let (tensor, _) = try Preprocessor(configuration: found).tensor(from: Fixtures.bitmap("resize-source"))
        let expected = try Tensor(npy: Data(contentsOf: Self.folder.appending(path: name + ".npy")))
        #expect(tensor.shape == expected.shape)
        let deviation = found.normalization?.standardDeviation.min() ?? 1
        let step = Float(found.rescaleFactor / deviation)
        #expect(largestDifference(tensor, expected) <= 2 * step)
    }
}

@Suite struct PreprocessingRefusalTests {
    private func key(_ read: () throws -> Void) -> String? {
        do {
            try read()
            return nil
        } catch PhotoError.invalidConfiguration(let key, _) {
            return key
        } catch {
            return "\(error)"
        }
    }

    /// What is not understood is refused, naming the key.
    @Test(arguments: [
        (#"{"size": 8, "do_color_quantize": true}"#, "do_color_quantize"),
        (#"{"size": {"min_pixels": 3, "max_pixels": 9}}"#, "size.max_pixels"),
        (#"{"size": 8, "max_pixels": 100}"#, "max_pixels"),
        (#"{"size": 8, "image_processor_type": "ImageGPTImageProcessor"}"#, "image_processor_type"),
        (#"{"size": 8, "feature_extractor_type": "NobodyFeatureExtractor"}"#, "feature_extractor_type"),
        (#"{"size": 8, "image_processor_type": "ViTImageProcessor", "crop_pct": 0.9}"#, "crop_pct"),
        (#"{"size": 8, "resample": "sharp"}"#, "resample"),
        (#"{"image_processor_type": "DonutImageProcessor", "do_align_long_axis": true}"#, "do_align_long_axis"),
        (#"{"size": {"shortest_edge": 8}, "crop_pct": 0}"#, "crop_pct"),
        (#"{"pretrained_cfg": {"input_size": [3, 8, 8], "crop_mode": "round"}}"#, "pretrained_cfg.crop_mode"),
    ])
    func aHubFileThatIsNotUnderstoodIsRefusedByItsKey(json: String, key: String) {
        #expect(self.key { _ = try PreprocessorConfiguration(huggingFace: Data(json.utf8)) } == key)
    }

    /// What changes nothing is read over.
    @Test(arguments: [
        #"{"size": 8, "do_color_quantize": false, "processor_class": "X", "auto_map": {}, "do_convert_rgb": true}"#,
        #"{"size": 8, "_valid_processor_keys": [], "crop_pct": null, "do_reduce_labels": true}"#,
        #"{"size": [8], "resample": "PIL.Image.Resampling.BICUBIC", "data_format": "channels_first"}"#,
    ])
    func harmlessKeysAreReadOver(json: String) throws {
        let configuration = try PreprocessorConfiguration(huggingFace: Data(json.utf8))
        #expect(configuration.fixedSize?.width == 8)
    }

    @Test(arguments: [
        (#"{"preprocessing": "keras:best"}"#, "preprocessing.keras"),
        (#"{"preprocessing": "caffe"}"#, "preprocessing"),
        (#"{"preprocessing": {"size": 8, "sise": 8}}"#, "preprocessing.sise"),
        (#"{"preprocessing": {"keras": "tf"}}"#, "preprocessing.size"),
        (#"{"preprocessing": {"size": 8, "mean": [0, 0, 0]}}"#, "preprocessing.std"),
        (#"{"preprocessing": {"size": 8, "channels": "cmyk"}}"#, "preprocessing.channels"),
        (#"{"preprocessing": {"letterbox": 8, "fill": 300}}"#, "preprocessing.fill"),
        (
            #"{"preprocessing": {"resize_size": 8, "interpolation": "bicubic", "antialias": false}}"#,
            "preprocessing.antialias"
        ),
    ])
    func preprocessingOfOurOwnIsCheckedToo(json: String, key: String) {
        #expect(self.key { _ = try PreprocessorConfiguration.interpret(json: Data(json.utf8)) } == key)
    }

    @Test func timmsTestSizeIsMeantWhereTheNetworkHasIt() throws {
        let json = Data(
            #"{"pretrained_cfg": {"input_size": [3, 8, 8], "test_input_size": [3, 10, 10], "test_crop_pct": 1.0}}"#.utf8
        )
        #expect(try PreprocessorConfiguration.timm(json: json, networkSize: (10, 10))?.fixedSize?.width == 10)
        #expect(try PreprocessorConfiguration.timm(json: json, networkSize: (8, 8))?.fixedSize?.width == 8)
        #expect(try PreprocessorConfiguration.timm(json: Data(#"{"id2label": {}}"#.utf8)) == nil)
    }

    @Test func aLetterboxLeadsBoxesBackToThePhoto() throws {
        let json = Data(#"{"preprocessing": {"letterbox": 100, "rescale": true}}"#.utf8)
        let preprocessor = Preprocessor(
            configuration: try #require(try PreprocessorConfiguration.interpret(json: json)))
        let geometry = try preprocessor.geometry(photoWidth: 400, photoHeight: 200)
        #expect(geometry.inputWidth == 100 && geometry.inputHeight == 100 && geometry.offsetY == 25)
        let part = geometry.photoRectangle(PixelRectangle(x: 25, y: 25, width: 50, height: 25))
        #expect(part == PixelRectangle(x: 100, y: 0, width: 200, height: 100))
        #expect(geometry.photoRectangle(PixelRectangle(x: 0, y: 0, width: 100, height: 20)) == nil)
    }

    @Test func aFilterOfSinglePixelsSeesTheWholePhoto() throws {
        for (written, isWhole) in [
            (#""keras": "tf", "size": 8"#, true), (#""letterbox": 8"#, true), (#""size": 8"#, false),
        ] {
            let json = Data(#"{"preprocessing": {\#(written)}}"#.utf8)
            let configuration = try #require(try PreprocessorConfiguration.interpret(json: json))
            #expect((configuration.decodeTarget(overlayLongSide: 8) == .fullScale) == isWhole, "\(written)")
        }
    }

    @Test func oneChannelIsGreyAndAFourthIsOpaque() throws {
        let json = Data(#"{"size": {"height": 1, "width": 1}, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.5}"#.utf8)
        let configuration = try PreprocessorConfiguration(huggingFace: json)
        let bitmap = try Bitmap(width: 1, height: 1, color: RGBColor(red: 200, green: 100, blue: 50))
        let grey = try Preprocessor(configuration: configuration.adapted(toChannels: 1)).tensor(from: bitmap).tensor
        // Pillow: Image.new("RGB", (1, 1), (200, 100, 50)).convert("L") is 124.
        #expect(grey.shape.dimensions == [1, 1, 1, 1] && abs(grey[0] - (124 / 255 - 0.5) / 0.5) < 1e-6)
        let opaque = try Preprocessor(configuration: configuration.adapted(toChannels: 4)).tensor(from: bitmap).tensor
        #expect(opaque.shape.dimensions == [1, 4, 1, 1] && opaque[3] == 1)
        #expect(key { _ = try configuration.adapted(toChannels: 2) } == "channels")
        var coloured = configuration
        coloured.normalization?.mean = [0.4, 0.5, 0.6]
        #expect(key { _ = try coloured.adapted(toChannels: 1) } == "image_mean")
    }
}
