import Foundation
import Photos
import Testing

@Suite struct PhotoDecoderTests {
    /// Expected: Pillow's `exif_transpose(...).convert("RGB")`. Another release of libjpeg-turbo may round its inverse
    /// DCT or its chroma differently by one, which YCC → RGB can triple.
    @Test(arguments: ["baseline", "full-chroma", "progressive", "grey", "rgb", "cmyk", "ycck", "restarts"])
    func colorsAreAsPillowHasThem(name: String) throws {
        let photo = try PhotoDecoder.decode(Fixtures.data(name + ".jpg"))
        #expect(largestDifference(photo.bitmap, try Fixtures.bitmap(name)) <= 3)
        #expect(photo.warning == nil)
        #expect(photo.scale == 1)
    }

    /// Odd numbers are written little endian, even ones big endian.
    @Test(arguments: 1...8)
    func everyOrientationIsTurnedUpright(orientation: Int) throws {
        let name = "orientation-\(orientation)"
        let photo = try PhotoDecoder.decode(Fixtures.data(name + ".jpg"))
        let expected = try Fixtures.bitmap(name)
        #expect(largestDifference(photo.bitmap, expected) <= 3)
        #expect(photo.width == expected.width && photo.height == expected.height)
        let size = try PhotoDecoder.size(of: Fixtures.data(name + ".jpg"))
        #expect(size == (expected.width, expected.height))
    }

    @Test func theColourProfileIsPutTogetherFromItsParts() throws {
        let plain = try Fixtures.data("full-chroma.jpg")
        #expect(try PhotoDecoder.decode(plain).colourProfile == nil)
        func segment(_ number: UInt8, of count: UInt8, _ part: String) -> [UInt8] {
            let payload = Array("ICC_PROFILE\0".utf8) + [number, count] + Array(part.utf8)
            return [0xff, 0xe2, 0, UInt8(payload.count + 2)] + payload
        }
        func profile(_ segments: [UInt8]) throws -> Data? {
            let photo = try PhotoDecoder.decode(plain.prefix(2) + Data(segments) + plain.dropFirst(2))
            #expect(try photo.bitmap == PhotoDecoder.decode(plain).bitmap)
            return photo.colourProfile
        }
        #expect(try profile(segment(2, of: 2, "file") + segment(1, of: 2, "pro")) == Data("profile".utf8))
        #expect(try profile(segment(2, of: 2, "file")) == nil)
        #expect(try profile(segment(0, of: 0, "")) == nil)
    }

    @Test func anOrientationThatMakesNoSenseIsIgnored() throws {
        let data = try Fixtures.data("orientation-6.jpg")
        let start = try #require(data.range(of: Data("Exif\0\0".utf8))).upperBound
        let stored = try Fixtures.bitmap("orientation-1")
        // Every byte of the TIFF block in turn: the photo is still decoded, stored or turned.
        for offset in 0..<40 {
            var broken = data
            broken[start + offset] ^= 0xff
            let photo = try PhotoDecoder.decode(broken)
            #expect([stored.width, stored.height].contains(photo.width), "byte \(offset)")
        }
        var nonsense = data
        nonsense.replaceSubrange(start..<start + 8, with: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
        let asStored = try PhotoDecoder.decode(Fixtures.data("full-chroma.jpg"))
        #expect(try PhotoDecoder.decode(nonsense).bitmap == asStored.bitmap)
    }

    @Test func aLargePhotoIsDecodedAtTheSmallestUsefulScale() throws {
        let target = DecodeTarget.atLeast(inputWidth: 224, inputHeight: 224, longSide: 1024)
        let large = try JPEGEncoder.encode(Bitmap(width: 2400, height: 1800, color: .white))
        let photo = try PhotoDecoder.decode(large, for: target)
        #expect(photo.bitmap.width == 1200 && photo.bitmap.height == 900)
        #expect(photo.width == 2400 && photo.height == 1800)
        #expect(photo.scale == 0.5)

        // 3/8 would give 2 × 224 both ways, and the overlay asks for no more.
        let modest = DecodeTarget.atLeast(inputWidth: 224, inputHeight: 224, longSide: 100)
        #expect(try PhotoDecoder.decode(large, for: modest).scale == 0.25)

        let small = try JPEGEncoder.encode(Bitmap(width: 500, height: 375, color: .white))
        #expect(try PhotoDecoder.decode(small, for: target).scale == 1)
    }

    @Test func theScaledPictureIsTheSamePicture() throws {
        let source = try Fixtures.bitmap("resize-source").resized(toWidth: 640, height: 480, filter: .bicubic)
        let data = try JPEGEncoder.encode(source, quality: 95)
        for eighths in 1...8 {
            let target = DecodeTarget.atLeast(inputWidth: 1, inputHeight: 1, longSide: 80 * eighths)
            let photo = try PhotoDecoder.decode(data, for: target)
            #expect(photo.bitmap.width == 80 * eighths && photo.bitmap.height == 60 * eighths)
            let expected = try source.resized(toWidth: 80 * eighths, height: 60 * eighths, filter: .box)
            let differences = zip(photo.bitmap.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
            // Scaling in the DCT domain is no box filter, but near it on a soft picture.
            #expect(differences.reduce(0, +) / differences.count <= 3, "\(eighths)/8")
        }
    }

    @Test func theTargetFollowsTheUprightSides() throws {
        // Stored 41×27, upright 27×41: 7/8 is 24×36, at least 2 × 12 and 2 × 18.
        let target = DecodeTarget.atLeast(inputWidth: 12, inputHeight: 18, longSide: 1)
        let photo = try PhotoDecoder.decode(Fixtures.data("orientation-6.jpg"), for: target)
        #expect(photo.scale == 0.875)
        #expect(photo.bitmap.width == 24 && photo.bitmap.height == 36)
    }

    @Test(.enabled(if: Fixtures.hasSharedPhotos, "the shared photos are not beside the package"))
    func cameraPhotosAreDecodedWithoutWarnings() throws {
        let folder = Fixtures.sharedPhotos.appending(path: "pets")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "jpg" }
        #expect(!files.isEmpty)
        for file in files {
            let photo = try PhotoDecoder.decode(Data(contentsOf: file))
            #expect(photo.warning == nil, "\(file.lastPathComponent)")
            #expect(photo.bitmap.pixels.count == photo.width * photo.height * 3)
        }
    }
}
