import Foundation
import Photos
import Testing

/// JPEG files as cameras, phones and programs write them: where the orientation stands, and how they end.
@Suite struct CameraFileTests {
    private static let plain = "orientation-1.jpg"

    private func size(_ data: Data) throws -> String {
        let photo = try PhotoDecoder.decode(data)
        #expect(photo.damage == nil)
        return "\(photo.bitmap.width)×\(photo.bitmap.height)"
    }

    @Test(arguments: [
        "or6_garbage_after_app0", "or6_empty_exif_first", "or6_two_exif_thumb", "or6_sshort_be", "xmp_only6",
    ])
    func orientationIsFoundWhereverATolerantReaderFindsIt(name: String) throws {
        #expect(try size(Fixtures.data("cameras/\(name).jpg")) == "451×300")
    }

    // MARK: Written here, byte by byte

    /// A sideways picture without metadata, and how it looks upright: 41×27 as stored.
    private func photo(with segments: [[UInt8]]) throws -> Data {
        let plain = try Fixtures.data("full-chroma.jpg")
        return plain.prefix(2) + Data(segments.flatMap { $0 }) + plain.dropFirst(2)
    }

    private func app1(_ payload: [UInt8]) -> [UInt8] {
        [0xff, 0xe1, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 0xff)] + payload
    }

    private static let exif = Array("Exif\0\0".utf8)

    private struct Value {
        var type: UInt16
        var count: UInt32 = 1
        /// The four bytes of the entry, in the order of the file.
        var field: [UInt8]
        /// What follows the directory, at offset 26.
        var further: [UInt8] = []
    }

    /// A TIFF structure of one entry, orientation, at offset 8.
    private func tiff(_ value: Value, littleEndian: Bool, entries: UInt16 = 1, tag: UInt16 = 274) -> [UInt8] {
        func two(_ value: UInt16) -> [UInt8] {
            let bytes = [UInt8(value >> 8), UInt8(value & 0xff)]
            return littleEndian ? bytes.reversed() : bytes
        }
        func four(_ value: UInt32) -> [UInt8] {
            let bytes = [UInt32(24), 16, 8, 0].map { UInt8(value >> $0 & 0xff) }
            return littleEndian ? bytes.reversed() : bytes
        }
        return Array((littleEndian ? "II" : "MM").utf8) + two(42) + four(8) + two(entries) + two(tag)
            + two(value.type) + four(value.count) + value.field + [0, 0, 0, 0] + value.further
    }

    private static let values: [(littleEndian: Bool, value: Value)] = [
        (true, Value(type: 1, field: [6, 0, 0, 0])), (false, Value(type: 1, field: [6, 0, 0, 0])),
        (true, Value(type: 3, field: [6, 0, 0, 0])), (false, Value(type: 3, field: [0, 6, 0, 0])),
        (true, Value(type: 4, field: [6, 0, 0, 0])), (false, Value(type: 4, field: [0, 0, 0, 6])),
        (true, Value(type: 6, field: [6, 0, 0, 0])), (false, Value(type: 6, field: [6, 0, 0, 0])),
        (true, Value(type: 7, field: [6, 0, 0, 0])), (true, Value(type: 2, count: 2, field: [0x36, 0, 0, 0])),
        (true, Value(type: 8, field: [6, 0, 0, 0])), (false, Value(type: 8, field: [0, 6, 0, 0])),
        (true, Value(type: 9, field: [6, 0, 0, 0])), (false, Value(type: 9, field: [0, 0, 0, 6])),
        // Floating point and a ratio, and values that lie elsewhere since there are several.
        (true, Value(type: 11, field: [0, 0, 0xc0, 0x40])), (false, Value(type: 11, field: [0x40, 0xc0, 0, 0])),
        (false, Value(type: 5, field: [0, 0, 0, 26], further: [0, 0, 0, 6, 0, 0, 0, 1])),
        (true, Value(type: 12, field: [26, 0, 0, 0], further: [0, 0, 0, 0, 0, 0, 0x18, 0x40])),
        (false, Value(type: 3, count: 3, field: [0, 0, 0, 26], further: [0, 6, 0, 1, 0, 1])),
        (true, Value(type: 4, count: 2, field: [26, 0, 0, 0], further: [6, 0, 0, 0, 0, 0, 0, 0])),
        // Wrong counts: none, and so many that nothing lies there.
        (true, Value(type: 3, count: 0, field: [6, 0, 0, 0])), (true, Value(type: 3, count: 9, field: [6, 0, 0, 0])),
    ]

    @Test(arguments: values.indices)
    func orientationIsReadFromIntegersOfAnyType(index: Int) throws {
        let (littleEndian, value) = Self.values[index]
        let data = try photo(with: [app1(Self.exif + tiff(value, littleEndian: littleEndian))])
        #expect(try size(data) == "27×41", "type \(value.type)")
    }

    @Test(arguments: [
        "Exif\0\0", "Exif\0", "EXIF\0\0", "exif\0\0\0", "\0\0Exif\0\0",
    ])
    func theExifMarkerMayBeWrittenOtherwise(marker: String) throws {
        let six = tiff(Value(type: 3, field: [6, 0, 0, 0]), littleEndian: true)
        #expect(try size(photo(with: [app1(Array(marker.utf8) + six)])) == "27×41")
    }

    /// A little-endian directory with Make and Model, whose longer values follow it.
    private func tiff(make: String?, model: String?) -> [UInt8] {
        let texts = [(UInt8(0x0f), make), (0x10, model)].compactMap { tag, text in
            text.map { (tag, Array($0.utf8) + [0]) }
        }
        var (entries, further) = ([UInt8](), [UInt8]())
        for (tag, text) in texts {
            let place = 8 + 2 + 12 * texts.count + further.count
            let field = text.count > 4 ? [UInt8(place), 0, 0, 0] : text + [UInt8](repeating: 0, count: 4 - text.count)
            entries += [tag, 1, 2, 0, UInt8(text.count), 0, 0, 0] + field
            if text.count > 4 { further += text }
        }
        return Array("II".utf8) + [42, 0, 8, 0, 0, 0, UInt8(texts.count), 0] + entries + further
    }

    @Test(
        arguments: [
            ("Canon", "Canon EOS R5", "Canon EOS R5"), ("NIKON CORPORATION", "D850", "NIKON CORPORATION D850"),
            (nil, "E4", "E4"), ("LG", nil, "LG"), ("", " \n", nil), (nil, nil, nil),
        ] as [(String?, String?, String?)])
    func theCameraIsMakerAndModel(make: String?, model: String?, camera: String?) throws {
        let data = try photo(with: [app1(Self.exif + tiff(make: make, model: model))])
        #expect(try PhotoDecoder.decode(data).camera == camera)
    }

    @Test func aCamerasNameThatLiesOutsideOfTheFileIsNone() throws {
        var bytes = tiff(make: nil, model: "a long name")
        bytes[18] = 200
        #expect(try PhotoDecoder.decode(photo(with: [app1(Self.exif + bytes)])).camera == nil)
    }

    @Test func whatPrecedesTheOrientationDoesNotHideIt() throws {
        let six = app1(Self.exif + tiff(Value(type: 3, field: [6, 0, 0, 0]), littleEndian: true))
        let nonsense = app1(Self.exif + tiff(Value(type: 3, field: [9, 0, 0, 0]), littleEndian: true))
        let nothing = app1(Self.exif + tiff(Value(type: 3, field: [1, 0, 0, 0]), littleEndian: true, tag: 271))
        let stray: [UInt8] = [0x00, 0x17, 0xaa, 0x42]
        for segments in [
            [nonsense, six], [nothing, six], [stray, six], [stray, nothing, stray, six], [app1([]), six],
        ] {
            #expect(try size(photo(with: segments)) == "27×41")
        }
        // A directory that claims more entries than there are bytes is read as far as it goes.
        let cut = app1(Self.exif + tiff(Value(type: 3, field: [6, 0, 0, 0]), littleEndian: true, entries: 500))
        #expect(try size(photo(with: [cut])) == "27×41")
        // The first one that makes sense is the photo's.
        let upright = app1(Self.exif + tiff(Value(type: 3, field: [1, 0, 0, 0]), littleEndian: true))
        #expect(try size(photo(with: [upright, six])) == "41×27")
    }

    // MARK: XMP

    private func xmp(_ description: String, prefix: String = "tiff") -> [UInt8] {
        app1(
            Array("http://ns.adobe.com/xap/1.0/\0".utf8)
                + Array(
                    """
                    <?xpacket begin="\u{feff}" id="W5M0MpCehiHzreSzNTczkc9d"?>
                    <x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- <tiff:Orientation>3</tiff:Orientation> -->
                    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
                    \(description)
                    </rdf:RDF></x:xmpmeta><?xpacket end="w"?>
                    """.utf8))
    }

    private static let namespace = "xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\""

    @Test(arguments: [
        "<rdf:Description rdf:about=\"\" \(namespace) tiff:Make=\"a > b\" tiff:Orientation=\"6\"/>",
        "<rdf:Description \(namespace) tiff:Orientation = '6'></rdf:Description>",
        "<rdf:Description \(namespace)><tiff:Make>x</tiff:Make><tiff:Orientation> 6\n</tiff:Orientation></rdf:Description>",
        "<rdf:Description/><rdf:Description xmlns:t='http://ns.adobe.com/tiff/1.0/' t:Orientation='&#54;'/>",
        "<rdf:Description \(namespace) tiff:Orientation='0'><tiff:Orientation>6</tiff:Orientation></rdf:Description>",
    ])
    func xmpSaysItWhereExifDoesNot(description: String) throws {
        #expect(try size(photo(with: [xmp(description)])) == "27×41")
        let nothing = app1(Self.exif + tiff(Value(type: 3, field: [0, 0, 0, 0]), littleEndian: true))
        #expect(try size(photo(with: [nothing, xmp(description)])) == "27×41")
        // Where both say something, EXIF wins, whichever comes first.
        let upright = app1(Self.exif + tiff(Value(type: 3, field: [1, 0, 0, 0]), littleEndian: true))
        #expect(try size(photo(with: [xmp(description), upright])) == "41×27")
    }

    @Test(arguments: [
        // Another namespace, another photo, a comment, no XML, no number.
        "<rdf:Description xmlns:tiff='http://example.org/' tiff:Orientation='6'/>",
        "<rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:p='urn:p'><p:Pantry><rdf:Bag><rdf:li>"
            + "<rdf:Description tiff:Orientation='6'/></rdf:li></rdf:Bag></p:Pantry></rdf:Description>",
        "<!-- <rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='6'/> -->",
        "<rdf:Description \(namespace) tiff:Orientation=6 />", "<rdf:Description \(namespace) tiff:Orientation='six'/>",
        "<rdf:Description \(namespace) tiff:Orientation='6",
    ])
    func xmpAboutSomethingElseIsLeftAlone(description: String) throws {
        #expect(try size(photo(with: [xmp(description)])) == "41×27")
    }

    @Test func anExtendedPacketIsPutTogether() throws {
        let packet = Array(
            ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \(Self.namespace) "
                + "tiff:Orientation='6'/></rdf:RDF>").utf8)
        func part(_ range: Range<Int>) -> [UInt8] {
            app1(
                Array("http://ns.adobe.com/xmp/extension/\0".utf8) + [UInt8](repeating: 0x41, count: 32)
                    + [0, 0, 0, UInt8(packet.count), 0, 0, 0, UInt8(range.lowerBound)] + packet[range])
        }
        let parts = [part(100..<packet.count), part(0..<100)]
        #expect(try size(photo(with: [xmp("<rdf:Description/>")] + parts)) == "27×41")
    }

    @Test func anyByteOfAPacketMayBeWrong() throws {
        let packet = xmp("<rdf:Description \(Self.namespace) tiff:Orientation='6'/>")
        for index in 4..<packet.count {
            var broken = packet
            broken[index] ^= 0x1f
            #expect(["27×41", "41×27"].contains(try size(photo(with: [broken]))))
        }
    }

    // MARK: How a file ends

    @Test func rowsThatAreMissingAreNamed() throws {
        let photo = try PhotoDecoder.decode(Fixtures.data("cameras/cut50.jpg"))
        let damage = try #require(photo.damage)
        #expect(damage.kind == .rowsMissing)
        let missing = try #require(damage.missing)
        #expect(missing.x == 0 && missing.width == Double(photo.width))
        #expect(missing.y + missing.height == Double(photo.height))
        // Whole rows of blocks; Pillow's decoder gives grey from there on.
        #expect(missing.y.truncatingRemainder(dividingBy: 8) == 0)
        let whole = try PhotoDecoder.decode(Fixtures.data("cameras/noeoi.jpg")).bitmap
        for y in 0..<Int(missing.y) - 1 { #expect(photo.bitmap[17, y] == whole[17, y], "row \(y)") }
        #expect(photo.bitmap[17, Int(missing.y) + 20] == RGBColor(red: 128, green: 128, blue: 128))
        #expect(photo.missing == missing)
    }

    /// The missing rows of a picture that is cut off lie where its grey lies once it is turned.
    @Test(arguments: 1...8, [8, 4, 1])
    func theMissingPartTurnsWithThePicture(orientation: Int, eighths: Int) throws {
        var cut = try Fixtures.data("cameras/cut50.jpg")
        let value = Value(type: 3, field: [UInt8(orientation), 0, 0, 0])
        cut = cut.prefix(2) + Data(app1(Self.exif + tiff(value, littleEndian: true))) + cut.dropFirst(2)
        let side = [8: 451, 4: 226, 1: 57][eighths] ?? 0
        let photo = try PhotoDecoder.decode(cut, for: .atLeast(inputWidth: 1, inputHeight: 1, longSide: side))
        let missing = try #require(photo.missing)
        let grey = RGBColor(red: 128, green: 128, blue: 128)
        let inside = photo.bitmap
        var (outsideGrey, outside) = (0, 0)
        for y in 0..<inside.height {
            for x in 0..<inside.width {
                let (px, py) = (Double(x), Double(y))
                let isInside =
                    px >= missing.x && px < missing.x + missing.width && py >= missing.y
                    && py < missing.y + missing.height
                if isInside { continue }
                outside += 1
                if inside[x, y] == grey { outsideGrey += 1 }
            }
        }
        #expect(outside > 0 && Double(outsideGrey) < 0.05 * Double(outside))
        #expect(missing.width * missing.height > 0.3 * Double(inside.width * inside.height))
        let center = inside[Int(missing.x + missing.width / 2), Int(missing.y + missing.height / 2)]
        #expect(center == grey)
    }

    @Test func aMissingEndMarkerIsNoDamage() throws {
        #expect(try size(Fixtures.data("cameras/noeoi.jpg")) == "451×300")
        // Progressive files and those of several scans are complete when all their scans are.
        for name in ["progressive", "full-chroma", "grey", "restarts", "cmyk"] {
            let whole = try Fixtures.data(name + ".jpg")
            let photo = try PhotoDecoder.decode(whole.dropLast(2))
            #expect(photo.damage == nil, "\(name)")
            #expect(try photo.bitmap == PhotoDecoder.decode(whole).bitmap)
        }
    }

    @Test func aProgressiveFileWithoutItsLastScansIsCoarse() throws {
        let whole = try Fixtures.data("progressive.jpg")
        let lastScan = try #require(whole.range(of: Data([0xff, 0xda]), options: .backwards)).lowerBound
        let photo = try PhotoDecoder.decode(whole[..<lastScan])
        #expect(photo.damage?.kind == .coarse)
        #expect(photo.missing == nil)
    }

    @Test func zerosAtTheEndAreNoPicture() throws {
        let cut = try Fixtures.data("cameras/cut50.jpg")
        let padded = try PhotoDecoder.decode(cut + Data(count: 20_000))
        let plain = try PhotoDecoder.decode(cut)
        #expect(padded.damage?.kind == .rowsMissing)
        #expect(padded.missing?.y == plain.missing?.y)
        // After a complete picture they mean nothing, and neither does anything else.
        let whole = try Fixtures.data("baseline.jpg")
        #expect(try PhotoDecoder.decode(whole + Data(count: 5000)).damage == nil)
        #expect(try PhotoDecoder.decode(whole + Data("a trailer".utf8)).damage == nil)
    }

    @Test func aHeightThatStandsBehindThePictureIsRead() throws {
        let dnl = try Fixtures.data("cameras/dnl.jpg")
        #expect(try size(dnl) == "451×300")
        #expect(try PhotoDecoder.decode(dnl).bitmap == PhotoDecoder.decode(Fixtures.data("cameras/noeoi.jpg")).bitmap)
        // Where no marker tells it: refused, and copying it again would not help.
        let marker = try #require(dnl.range(of: Data([0xff, 0xdc, 0, 4]))).lowerBound
        let without = dnl[..<marker] + dnl[(marker + 6)...]
        let error = #expect(throws: PhotoError.self) { try PhotoDecoder.decode(without) }
        #expect(error?.code == "unsupported-jpeg")
        #expect(error?.description.contains("copy") == false)
    }

    @Test func errorsSpeakInWords() throws {
        let marker = Data([0xff, 0xc0, 0])
        func refusal(_ change: (inout Data, Int) -> Void) throws -> String {
            var data = try Fixtures.data("baseline.jpg")
            let frame = try #require(data.range(of: marker)).lowerBound
            change(&data, frame)
            return try #require(#expect(throws: PhotoError.self) { try PhotoDecoder.decode(data) }).description
        }
        #expect(try refusal { $0[$1 + 4] = 12 }.contains("12 bits a sample"))
        #expect(try refusal { $0[$1 + 1] = 0xc3 }.contains("lossless"))
        #expect(try refusal { $0[$1 + 1] = 0xc5 }.contains("hierarchical"))
        #expect(
            try refusal {
                $0[$1 + 7] = 0xff; $0[$1 + 8] = 0xff
            }.contains("longer than 65500 pixels"))
        let rectangle = PixelRectangle(x: 10, y: 5, width: 120, height: 80.5)
        #expect("\(rectangle)" == "120×80.5 pixels at (10, 5)")
    }

    @Test func largePhotosAreLimitedByMemory() throws {
        // 20,000 × 20,000 declared of a baseline file: decoded at an eighth, and cut off soon.
        var data = try Fixtures.data("baseline.jpg")
        let frame = try #require(data.range(of: Data([0xff, 0xc0, 0]))).lowerBound
        data.replaceSubrange(frame + 5..<frame + 9, with: [0x4e, 0x20, 0x4e, 0x20])
        let target = DecodeTarget.atLeast(inputWidth: 224, inputHeight: 224, longSide: 960)
        let photo = try? PhotoDecoder.decode(data, for: target)
        #expect(photo == nil || photo?.damage != nil)
        #expect(try PhotoDecoder.size(of: data) == (20_000, 20_000))
        // Where things lie on a large photo is computed without making one.
        let json = Data(#"{"size": {"height": 224, "width": 224}}"#.utf8)
        let preprocessor = Preprocessor(configuration: try PreprocessorConfiguration(huggingFace: json))
        let geometry = try preprocessor.geometry(photoWidth: 24_500, photoHeight: 16_300)
        let region = geometry.visibleRegion
        #expect(region.x == 0 && abs(region.width - 24_500) < 1e-6 && abs(region.height - 16_300) < 1e-6)
        let limits = DecodeLimits(megapixels: 399, mebibytes: nil)
        #expect(throws: PhotoError.tooManyPixels(width: 20_000, height: 20_000, limit: 399_000_000)) {
            try PhotoDecoder.decode(data, for: target, limits: limits)
        }
        #expect(DecodeLimits(megapixels: .max, mebibytes: .max).pixels == .max)
    }
}
