import Foundation
import Photos
import Testing

@Suite struct DamagedFileTests {
    private func code(_ data: Data, limits: DecodeLimits = DecodeLimits()) -> String? {
        do {
            _ = try PhotoDecoder.decode(data, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    /// The two bytes of height and of width in the frame header.
    private func declaring(_ width: Int, _ height: Int, in data: Data, marker: UInt8) throws -> Data {
        let frame = try #require(data.range(of: Data([0xff, marker, 0]))).lowerBound
        var changed = data
        changed.replaceSubrange(
            frame + 5..<frame + 9,
            with: [UInt8(height >> 8), UInt8(height & 0xff), UInt8(width >> 8), UInt8(width & 0xff)])
        return changed
    }

    @Test func anEmptyFileIsNamedSo() {
        #expect(throws: PhotoError.emptyFile) { try PhotoDecoder.decode(Data()) }
        #expect(PhotoError.emptyFile.code == "empty-file")
    }

    private static let beginnings: [(bytes: String, kind: String)] = [
        ("\u{89}PNG\r\n\u{1a}\n\0\0\0\r", "a PNG image"),
        ("\0\0\0\u{18}ftypheic\0\0\0\0", "a HEIC image"),
        ("\0\0\0\u{18}ftypavif\0\0\0\0", "an AVIF image"),
        ("GIF89a\u{1}\0", "a GIF image"),
        ("RIFF....WEBPVP8 ", "a WebP image"),
        ("Dear customer,\n", "a text file"),
    ]

    @Test(arguments: beginnings)
    func anotherKindOfFileIsNamedWithWhatToDo(bytes: String, kind: String) throws {
        let data = try #require(bytes.data(using: .isoLatin1))
        #expect(throws: PhotoError.unknownFormat(kind: kind)) { try PhotoDecoder.decode(data) }
        let description = PhotoError.unknownFormat(kind: kind).description
        #expect(description == "the file is \(kind), not a JPEG photo; save it as JPEG")
    }

    @Test func bytesOfNoKnownKindAreNotAJPEG() {
        #expect(code(Data([0, 1, 2, 3])) == "not-a-jpeg")
        #expect(code(Data([0xff])) == "not-a-jpeg")
        #expect(code(Data([0xff, 0xd8])) == "truncated")
    }

    @Test func aHeaderThatDeclaresTooManyPixelsIsRefused() throws {
        let data = try declaring(60_000, 60_000, in: Fixtures.data("baseline.jpg"), marker: 0xc0)
        #expect(throws: PhotoError.tooManyPixels(width: 60_000, height: 60_000, limit: 2_000_000_000)) {
            try PhotoDecoder.decode(data)
        }
        #expect(throws: PhotoError.tooManyPixels(width: 60_000, height: 60_000, limit: 2_000_000_000)) {
            try PhotoDecoder.size(of: data)
        }
    }

    @Test func memoryIsCheckedBeforeItIsTaken() throws {
        // 13,000 × 13,000 pass as pixels, but libjpeg would keep 4:2:0 coefficients of 507 MB for it.
        let progressive = try declaring(13_000, 13_000, in: Fixtures.data("progressive.jpg"), marker: 0xc2)
        var limits = DecodeLimits()
        limits.coefficientBytes = 500_000_000
        #expect(code(progressive, limits: limits) == "too-much-memory")
        limits = DecodeLimits()
        limits.decodedBytes = 41 * 27 * 3 - 1
        #expect(code(try Fixtures.data("baseline.jpg"), limits: limits) == "too-much-memory")
        limits.decodedBytes += 1
        #expect(code(try Fixtures.data("baseline.jpg"), limits: limits) == nil)
        limits = DecodeLimits()
        limits.fileBytes = 100
        #expect(code(try Fixtures.data("baseline.jpg"), limits: limits) == "file-too-large")
    }

    @Test func aProgressiveFileOfThousandsOfScansIsRefused() throws {
        let data = try Fixtures.data("progressive.jpg")
        let lastScan = try #require(data.range(of: Data([0xff, 0xda]), options: .backwards)).lowerBound
        let scan = data[lastScan..<data.endIndex - 2]
        var bomb = data[..<lastScan]
        for _ in 0..<2000 { bomb += scan }
        bomb += [0xff, 0xd9]
        #expect(throws: PhotoError.tooManyScans(limit: 100)) { try PhotoDecoder.decode(Data(bomb)) }
    }

    @Test func aFileThatEndsEarlyIsDecodedAsFarAsItGoesWithAWarning() throws {
        let data = try Fixtures.data("restarts.jpg")
        let whole = try Fixtures.bitmap("restarts")
        let photo = try PhotoDecoder.decode(data.prefix(data.count * 2 / 3))
        #expect(photo.warning?.contains("ends early") == true)
        #expect(photo.bitmap.width == whole.width && photo.bitmap.height == whole.height)
        let firstRows = 16 * whole.width * 3
        let difference = zip(photo.bitmap.pixels[..<firstRows], whole.pixels).reduce(0) {
            max($0, abs(Int($1.0) - Int($1.1)))
        }
        // The rows at the seam take part of their colour from the missing ones.
        #expect(difference <= 40)
    }

    @Test func aProgressiveFileThatEndsEarlyIsCoarseWithAWarning() throws {
        let data = try Fixtures.data("progressive.jpg")
        let photo = try PhotoDecoder.decode(data.prefix(data.count - 200))
        #expect(photo.warning?.contains("ends early") == true)
    }

    @Test(arguments: ["baseline.jpg", "progressive.jpg"])
    func aFileWithoutARowOfThePictureIsAnError(name: String) throws {
        let data = try Fixtures.data(name)
        let firstScan = try #require(data.range(of: Data([0xff, 0xda]))).lowerBound
        for length in [3, 20, firstScan, firstScan + 2, firstScan + 14, firstScan + 20] {
            #expect(code(data.prefix(length)) == "truncated", "\(length) bytes")
        }
    }

    @Test func whereverAFileIsCutItIsDecodedOrRefused() throws {
        for name in ["baseline.jpg", "progressive.jpg", "cmyk.jpg", "orientation-6.jpg"] {
            let data = try Fixtures.data(name)
            for length in stride(from: 0, to: data.count - 2, by: 7) {
                let outcome = code(data.prefix(length))
                #expect(
                    outcome == nil || ["empty-file", "not-a-jpeg", "truncated", "corrupt"].contains(outcome),
                    "\(name) cut to \(length): \(outcome ?? "")")
            }
        }
    }

    /// Whatever the bytes, decoding answers with a picture of the declared size or an error. Seeded, so that a failure
    /// can be had again.
    @Test func randomDamageNeverCrashes() throws {
        var generator = SeededGenerator(state: 20_240_607)
        var limits = DecodeLimits()
        limits.pixels = 4_000_000
        let names = ["baseline", "progressive", "grey", "cmyk", "ycck", "restarts", "orientation-6", "orientation-8"]
        var decoded = 0
        var refused = 0
        for round in 0..<800 {
            var data = try Fixtures.data(names[round % names.count] + ".jpg")
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let position = Int.random(in: 2..<data.count, using: &generator)
                data[position] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                let photo = try PhotoDecoder.decode(
                    data, for: .atLeast(inputWidth: 8, inputHeight: 8, longSide: 20), limits: limits)
                #expect(photo.bitmap.pixels.count == photo.bitmap.width * photo.bitmap.height * 3)
                decoded += 1
            } catch {
                #expect(!error.description.isEmpty)
                refused += 1
            }
        }
        #expect(decoded > 50 && refused > 50, "decoded \(decoded), refused \(refused)")
    }
}
