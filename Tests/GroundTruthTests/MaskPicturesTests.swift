import Foundation
import GroundTruth
import TestSupport
import Testing
import WireProtocol

@Suite struct MaskPicturesTests {
    /// Files that `Conformance/make_mask_fixtures.py` has written.
    private static let folder = RunningDaemon.root.appending(path: "Tests/Fixtures/masks").path

    /// - Returns: the mask of the picture called `name`, by rows of 0 and 1.
    private func rows(_ name: String, _ values: Set<UInt8> = []) throws -> [String] {
        let photos = try MaskPictures.add(
            to: [TruePhoto(file: "some/\(name).jpg")], from: Self.folder, values: values)
        let mask = try #require(photos[0].mask)
        #expect(mask.counts.reduce(0, +) == mask.size[0] * mask.size[1])
        let pixels = mask.counts.enumerated().flatMap { [Bool](repeating: $0 % 2 == 1, count: $1) }
        return (0..<mask.size[0]).map { y in
            (0..<mask.size[1]).map { x in pixels[x * mask.size[0] + y] ? "1" : "0" }.joined()
        }
    }

    @Test func ofAPaletteTheFilesOwnValuesCountAndNotItsColours() throws {
        #expect(try rows("palette") == ["0100", "1100", "0011"])
        #expect(try rows("palette", [2]) == ["0000", "1000", "0011"])
        #expect(try rows("palette", [255]) == ["0010", "0001", "0000"])
    }

    @Test func aLabelMapInGreyHasValuesToo() throws {
        #expect(try rows("trimap", [1, 3]) == ["1010", "0011", "1100"])
        #expect(try rows("trimap") == ["1111", "1111", "1111"])
        #expect(try rows("bits") == ["010", "110"])
    }

    @Test func ofAPictureInColourTheBrightIsTheObject() throws {
        #expect(try rows("colour") == ["10", "01"])
    }

    @Test(arguments: [("colour", [UInt8(1)], "label map"), ("deep", [], "16 bits"), ("damaged", [], "damaged")])
    func whatCannotBeReadIsRefusedByName(name: String, values: [UInt8], words: String) throws {
        let error = #expect(throws: TruthError.self) { _ = try rows(name, Set(values)) }
        #expect(try #require(error).description.contains("\(name).png"))
        #expect(try #require(error).reason.contains(words))
    }

    @Test func aFolderWithoutTheirMasksIsRefused() {
        #expect(throws: TruthError.self) {
            _ = try MaskPictures.add(to: [TruePhoto(file: "nobody.jpg")], from: Self.folder)
        }
    }
}
