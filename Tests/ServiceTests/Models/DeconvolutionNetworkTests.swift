import Foundation
import Photos
import TestSupport
import Testing
import WireProtocol

/// Networks made of deconvolutions, through the built daemon: a segmentation network with max-unpooling
/// (Tests/Fixtures/models/petmask) and a generator of transposed convolutions.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct DeconvolutionNetworkTests {
    private static let fixtures = RunningDaemon.root.appending(path: "Tests/Fixtures")

    /// A folder of models: links to these.
    private func models(_ folders: [URL]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for model in folders {
            try FileManager.default.createSymbolicLink(
                at: URL(filePath: folder.path).appending(path: model.lastPathComponent), withDestinationURL: model)
        }
        return folder
    }

    @Test func aSegmentationModelGivesEachPhotoAMaskAndBoxes() async throws {
        let models = try models([Self.fixtures.appending(path: "models/petmask")])
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(document.version == 1 && document.model.name == "petmask" && document.predictions.isEmpty)
        try expectMaskOfTheReference(document)
        #expect(document.boxes.first?.method == "segmentation" && document.boxes.first?.label == "pet")
        #expect(document.files?[.saliency] == nil)
        for suffix in [".mask.jpg", ".overlay.jpg"] {
            let file = daemon.inbox.appending(path: "cat.jpg" + suffix)
            #expect(try PhotoDecoder.size(of: Data(contentsOf: file)).width == 451)
        }
        // The mask is black and the class's colour.
        let mask = try PhotoDecoder.decode(Data(contentsOf: daemon.inbox.appending(path: "cat.jpg.mask.jpg"))).bitmap
        let lit = stride(from: 0, to: mask.pixels.count, by: 3).count { mask.pixels[$0] > 64 }
        #expect(abs(Double(lit) / Double(451 * 300) - (document.segmentation?.segments.first?.area ?? 0)) < 0.01)

        let segment = try await daemon.result(
            of: RPCMethods.segment, SegmentParameters(source: .path(daemon.inbox.appending(path: "cat.jpg").path)))
        #expect(segment.classLabel == "pet" && segment.mask == document.segmentation?.segments.first?.mask)
        #expect(segment.method == nil)
        await #expect {
            try await daemon.result(
                of: RPCMethods.segment, SegmentParameters(source: .path(RunningDaemon.demoPhoto.path), method: "cam"))
        } throws: {
            ($0 as? RPCError)?.message.contains("leave 'method' out") == true
        }
        #expect(try await daemon.stop() == 0)
    }

    @Test func besideAClassifierTheSegmentationModelAddsItsMaskAndBoxes() async throws {
        let models = try models([
            RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop"),
            Self.fixtures.appending(path: "models/petmask"),
        ])
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(document.model.name == "petshop" && document.predictions.first?.label == "cat")
        #expect(document.boxes.first?.method == "cam")
        #expect(document.boxes.contains { $0.method == "segmentation" && $0.label == "pet" })
        #expect(document.segmentation?.model.name == "petmask")
        // Its names are its own: neither the classifier's labels, nor what a person says yes to.
        let listed = try await daemon.result(of: RPCMethods.photos, PhotosParameters())
        #expect(listed.first?.furtherLabels?.contains("pet") != true)
        let kept = try await daemon.result(
            of: RPCMethods.correct,
            CorrectParameters(photo: daemon.inbox.appending(path: "cat.jpg").path, answer: .yes))
        #expect(kept.correction?.label == "cat" && kept.correction?.furtherBoxes == nil)
        try expectMaskOfTheReference(document)
        for suffix in [".mask.jpg", ".overlay.jpg", ".saliency.jpg"] {
            #expect(FileManager.default.fileExists(atPath: daemon.inbox.path + "/cat.jpg" + suffix))
        }
        let client = try Interpretctl()
        let explained = try await client.run(
            "explain", RunningDaemon.demoPhoto.path, "--model", "petmask", socket: daemon.socket)
        #expect(explained.status == 1 && explained.error.contains("interpretctl segment"))
    }

    /// `cat.logits.npy`: ONNX Runtime's score maps [1,2,128,128]. The network lies over the whole photo, so pixel (x,
    /// y) is place (x·128/451, y·128/300); only the outline, which is interpolated, may differ.
    private func expectMaskOfTheReference(_ document: Sidecar) throws {
        let logits = try NPYValues.read(Self.fixtures.appending(path: "models/petmask/cat.logits.npy"))
        let segment = try #require(document.segmentation?.segments.first)
        #expect(segment.label == "pet" && segment.color == "#800000" && segment.mask.size == [300, 451])
        var mask: [Bool] = []
        for (index, count) in segment.mask.counts.enumerated() {
            mask += Array(repeating: index % 2 == 1, count: count)
        }
        try #require(mask.count == 300 * 451)
        var (both, either) = (0, 0)
        for y in 0..<300 {
            for x in 0..<451 {
                let place = y * 128 / 300 * 128 + x * 128 / 451
                let expected = logits[128 * 128 + place] > logits[place]
                // Column by column.
                let found = mask[x * 300 + y]
                if expected && found { both += 1 }
                if expected || found { either += 1 }
            }
        }
        #expect(Double(both) / Double(either) > 0.97)
        #expect(abs(segment.area - 0.67) < 0.02)
    }

    @Test func aGeneratorTurnsAVectorIntoAPicture() async throws {
        let models = try models([
            RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop"),
            Self.fixtures.appending(path: "networks/generator"),
        ])
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let client = try Interpretctl()
        let input = Self.fixtures.appending(path: "networks/generator/input.npy").path
        let face = client.folder.path + "/face.jpg"
        #expect(
            try await client.run("run", "generator", input, "--output", face, socket: daemon.socket).status == 0)
        let picture = try PhotoDecoder.decode(Data(contentsOf: URL(filePath: face))).bitmap
        // PyTorch's output, [1,3,16,16]; it ends in tanh, so −1 is black and 1 is white.
        let expected = try NPYValues.read(Self.fixtures.appending(path: "networks/generator/output.npy"))
        let plane = picture.width * picture.height
        try #require(expected.count == 3 * plane)
        let difference = (0..<plane).reduce(0.0) { sum, index in
            (0..<3).reduce(sum) { sum, channel in
                sum
                    + abs(
                        Double(picture.pixels[index * 3 + channel]) - Double(expected[channel * plane + index] + 1)
                            * 127.5)
            }
        }
        // JPEG's own loss.
        #expect(difference / Double(3 * plane) < 6)

        // Halved contrast: what lies outside of −2…2 is not there.
        let flat = client.folder.path + "/flat.jpg"
        #expect(
            try await client.run("run", "generator", input, "--output", flat, "--range", "-2,2", socket: daemon.socket)
                .status == 0)
        let grey = try PhotoDecoder.decode(Data(contentsOf: URL(filePath: flat))).bitmap
        #expect(spread(grey) < 0.7 * spread(picture))

        // A classifier draws nothing, and a network without a range has to be told one.
        let scores = try await client.run(
            "run", "petshop", RunningDaemon.root.appending(path: "Tests/Fixtures/petshop-reference/cat.input.npy").path,
            "--output", client.folder.path + "/scores.jpg", "--range", "0,1", socket: daemon.socket)
        #expect(scores.status == 1 && scores.error.contains("[N,3,H,W]"))
        #expect(try await client.run("run", "generator", input, "--range", "0,1", socket: daemon.socket).status == 2)
    }

    private func spread(_ picture: Bitmap) -> Double {
        let values = picture.pixels.map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }
}
