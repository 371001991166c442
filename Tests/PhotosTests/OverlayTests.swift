import Foundation
import Photos
import Tensors
import Testing

@Suite struct OverlayTests {
    private let font: Font
    private let overlay: Overlay
    private let background = RGBColor(red: 90, green: 120, blue: 60)

    init() throws {
        font = try Font(environment: [:])
        overlay = Overlay(font: font)
    }

    /// The photo with boxes that all have the same label.
    private func boxed(_ photo: Bitmap, _ boxes: [PixelRectangle], label: String = "") throws -> Bitmap {
        try overlay.render(
            OverlayScene(
                photo: photo, boxes: boxes.map { OverlayBox(rectangle: $0, label: label) }, boxMeaning: OverlayWords()))
    }

    private func heated(_ photo: Bitmap, _ map: Tensor, region: PixelRectangle? = nil) throws -> Bitmap {
        var bare = overlay
        bare.style.contourLevels = []
        // No words: no legend.
        return try bare.render(
            OverlayScene(
                photo: photo, heat: OverlayHeat(map: map, region: region, most: OverlayWords()),
                boxMeaning: OverlayWords()))
    }

    /// Columns and rows of the pixels that the overlay changed.
    private func changed(
        _ picture: Bitmap, to color: RGBColor? = nil
    ) -> (columns: ClosedRange<Int>, rows: ClosedRange<Int>)? {
        var columns: [Int] = []
        var rows: [Int] = []
        for y in 0..<picture.height {
            for x in 0..<picture.width
            where color.map({ picture[x, y] == $0 }) ?? (picture[x, y] != background) {
                columns.append(x)
                rows.append(y)
            }
        }
        guard let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max() else {
            return nil
        }
        return (left...right, top...bottom)
    }

    @Test func theEdgeOfABoxIsBrightBetweenTwoDarkLines() throws {
        let photo = try Bitmap(width: 600, height: 450, color: background)
        let picture = try boxed(photo, [PixelRectangle(x: 100, y: 80, width: 300, height: 200)])
        // A shorter side of 450 has lines of 3 pixels with a halo of 1.
        for (offset, color) in [
            (-1, background), (0, overlay.style.haloColor), (1, overlay.style.boxColors[0]),
            (3, overlay.style.boxColors[0]),
            (4, overlay.style.haloColor), (5, background),
        ] {
            #expect(picture[100 + offset, 180] == color)
            #expect(picture[399 - offset, 180] == color)
            #expect(picture[250, 80 + offset] == color)
            #expect(picture[250, 279 - offset] == color)
        }
    }

    @Test func theCaptionStandsAboveItsBoxWhereThereIsRoom() throws {
        let photo = try Bitmap(width: 600, height: 450, color: background)
        let above = try boxed(photo, [PixelRectangle(x: 100, y: 200, width: 300, height: 200)], label: "cat")
        #expect((try #require(changed(above))).rows.lowerBound < 190)
        let inside = try boxed(photo, [PixelRectangle(x: 100, y: 0, width: 300, height: 200)], label: "cat")
        #expect((try #require(changed(inside))).rows == 0...199)
    }

    @Test func theHeatMapIsOpaqueOnlyWhereThereIsEvidence() throws {
        let photo = try Bitmap(width: 480, height: 480, color: background)
        var values = [Float](repeating: 0, count: 64)
        values[0] = 1
        let picture = try heated(photo, Tensor(shape: Shape([8, 8]), values: values))
        #expect(picture[479, 479] == background)
        let hottest = overlay.style.colorMap.color(for: 1)
        #expect(abs(Int(picture[5, 5].red) - Int(hottest.red)) < abs(Int(background.red) - Int(hottest.red)) / 2)
    }

    @Test func theHeatMapLiesInItsRegion() throws {
        let photo = try Bitmap(width: 480, height: 300, color: background)
        let hot = try Tensor(shape: Shape([2, 2]), repeating: 1)
        let region = PixelRectangle(x: 50, y: 60, width: 100, height: 80)
        let picture = try heated(photo, hot, region: region)
        let range = try #require(changed(picture))
        #expect(range.columns == 50...149 && range.rows == 60...139)
        let padded = PixelRectangle(x: -50, y: -1000, width: 600, height: 2300)
        let everywhere = try heated(photo, hot, region: padded)
        #expect(try #require(changed(everywhere)) == (0...479, 0...299))
    }

    @Test func valuesOutsideOfTheRangeAreClamped() throws {
        let photo = try Bitmap(width: 320, height: 320, color: background)
        let wild = try Tensor(shape: Shape([1, 4]), values: [.nan, -.infinity, .infinity, 1e30])
        #expect(try heated(photo, wild).width == 400)
        #expect(throws: PhotoError.self) { try heated(photo, Tensor(shape: Shape([2, 2, 2]))) }
    }

    @Test func aSmallPhotoIsEnlargedWithItsBoxes() throws {
        let photo = try Bitmap(width: 60, height: 40, color: background)
        let picture = try boxed(photo, [PixelRectangle(x: 15, y: 15, width: 30, height: 15)])
        #expect(picture.width == 400 && picture.height == 267)
        let range = try #require(changed(picture))
        #expect(range.columns == 100...299 && range.rows == 100...199)
    }

    /// Whatever the numbers and the text, there is a picture.
    @Test(arguments: [(1, 1), (1, 5000), (3000, 2), (60, 40), (320, 11), (1600, 1200)])
    func everySizeCanBeDrawnOn(width: Int, height: Int) throws {
        let photo = try Bitmap(width: width, height: height, color: background)
        let (w, h) = (Double(width), Double(height))
        let words = String(repeating: "Wörter ", count: 90)
        let disc = (0..<40 * 30).map { ($0 % 40 - 20) * ($0 % 40 - 20) + ($0 / 40 - 15) * ($0 / 40 - 15) < 80 }
        let picture = try overlay.render(
            OverlayScene(
                photo: photo, heat: OverlayHeat(map: hill(width: 7, height: 7), most: "most"),
                outlines: [OverlayOutline(mask: disc, width: 40, meaning: "disc", tint: .white)],
                boxes: [
                    OverlayBox(
                        rectangle: PixelRectangle(x: w * 0.2, y: h * 0.2, width: w / 2, height: h / 2), label: words),
                    OverlayBox(
                        rectangle: PixelRectangle(x: -.infinity, y: 0, width: .nan, height: 1), label: "nowhere"),
                    OverlayBox(
                        rectangle: PixelRectangle(x: -1e300, y: -1e300, width: 1e308, height: 1e308),
                        label: "everywhere\n\u{7}"),
                ], closerLook: PixelRectangle(x: 0, y: 0, width: 1e9, height: 1),
                missing: PixelRectangle(x: 0, y: h / 2, width: w, height: h),
                verdict: OverlayVerdict(sign: .cross, words: OverlayWords(words, "verdict")),
                details: OverlayWords(String(repeating: "x", count: 10_000))))
        #expect(max(picture.width, picture.height) == max(width, height, 400))
    }

    @Test func canvasOperationsStayInsideThePicture() throws {
        var canvas = Canvas(try Bitmap(width: 20, height: 10, color: background))
        canvas.paste(try Bitmap(width: 8, height: 8, color: .white), x: -4, y: 6)
        canvas.paste(try Bitmap(width: 8, height: 8, color: .white), x: 40, y: 6)
        canvas.write("Ü", font: font, size: 30, x: 15, y: -10, color: .black)
        #expect(canvas.bitmap[3, 9] == .white && canvas.bitmap[4, 9] == background && canvas.bitmap[3, 5] == background)
    }
}

@Suite struct FontTests {
    @Test func umlautsAreLettersOfTheirOwn() throws {
        let font = try Font(environment: [:])
        // One letter, however it is spelled, and not the box that stands for a missing one.
        #expect(font.width(of: "u\u{308}", size: 40) == font.width(of: "\u{fc}", size: 40))
        #expect(font.width(of: "ü", size: 40) == font.width(of: "u", size: 40))
        #expect(font.width(of: "", size: 40) == 0)
        #expect(font.width(of: "WWWW", size: 40) > 3 * font.width(of: "W", size: 40))
    }

    @Test func aMissingFontIsAnErrorThatNamesWhereItWasLookedFor() {
        #expect(throws: PhotoError.fontNotFound(searched: ["/nowhere"])) {
            try Font(environment: [:], directories: ["/nowhere"])
        }
        #expect(PhotoError.fontNotFound(searched: ["/nowhere"]).description.contains("install fonts-dejavu-core"))
    }

    @Test func aFontThatTheEnvironmentNamesIsNotReplacedByAnother() {
        do {
            _ = try Font(environment: [Font.environmentVariable: "/nowhere/font.ttf"])
            Issue.record("another font was taken")
        } catch {
            #expect(error.code == "font-unusable")
        }
        #expect(throws: PhotoError.self) { try Font(file: #filePath) }
    }
}

@Suite struct SaliencyImageTests {
    @Test func theLargestValuesAreWhiteAndTheRestInProportion() throws {
        let map = try Tensor(shape: Shape([1, 1000]), values: (0..<1000).map { Float($0) / 1000 })
        let grey = try SaliencyImage.grey(from: map, width: 1000, height: 1)
        #expect(grey[999, 0] == 255 && grey[995, 0] == 255 && grey[989, 0] < 255)
        // Half of the 99.5th percentile.
        #expect(abs(Int(grey[497, 0]) - 127) <= 1)
        #expect(grey[0, 0] == 0)
    }

    @Test func aMapWithoutEvidenceIsBlack() throws {
        for value in [Float(0), -1, .nan] {
            let grey = try SaliencyImage.grey(
                from: Tensor(shape: Shape([4, 4]), repeating: value), width: 9, height: 5)
            #expect(grey.pixels == [UInt8](repeating: 0, count: 45))
        }
    }

    @Test func aSinglePixelIsStillSeen() throws {
        var values = [Float](repeating: 0, count: 10_000)
        values[5050] = 0.25
        let grey = try SaliencyImage.grey(
            from: Tensor(shape: Shape([100, 100]), values: values), width: 100, height: 100)
        #expect(grey[50, 50] == 255 && grey.pixels.reduce(0) { $0 + Int($1) } == 255)
    }

    @Test func outsideOfItsRegionThePictureIsBlack() throws {
        let grey = try SaliencyImage.grey(
            from: Tensor(shape: Shape([2, 2]), repeating: 1), width: 10, height: 10,
            region: PixelRectangle(x: 5, y: 0, width: 5, height: 20))
        #expect(grey[4, 5] == 0 && grey[5, 5] == 255 && grey[9, 9] == 255)
    }
}

@Suite struct ColorMapTests {
    /// Expected: matplotlib's `colormaps[name](value)`.
    @Test func theTablesAreMatplotlibs() {
        #expect(ColorMap.viridis.color(for: 0) == RGBColor(red: 68, green: 1, blue: 84))
        #expect(ColorMap.viridis.color(for: 1) == RGBColor(red: 253, green: 231, blue: 37))
        #expect(ColorMap.inferno.color(for: 0) == RGBColor(red: 0, green: 0, blue: 4))
        #expect(ColorMap.inferno.color(for: .infinity) == RGBColor(red: 252, green: 255, blue: 164))
        #expect(ColorMap.inferno.color(for: .nan) == ColorMap.inferno.color(for: -3))
        for map in ColorMap.allCases { #expect(map.colors.count == 256) }
    }

    /// Expected: matplotlib's `colormaps[name](value)`, in 8 bits.
    @Test(arguments: [
        (ColorMap.magma, RGBColor(red: 183, green: 55, blue: 121)), (.plasma, RGBColor(red: 204, green: 71, blue: 120)),
        (.cividis, RGBColor(red: 125, green: 124, blue: 120)), (.turbo, RGBColor(red: 164, green: 252, blue: 60)),
    ])
    func theMiddleOfAMap(map: ColorMap, color: RGBColor) { #expect(map.colors[128] == color) }

    /// Perceptually uniform maps grow ever brighter, so they survive grey print; the rainbow does not.
    @Test func aLargerValueIsBrighter() {
        for map in ColorMap.allCases where map != .turbo {
            let brightness = map.colors.map { color in
                0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
            }
            for (darker, brighter) in zip(brightness, brightness.dropFirst(8)) { #expect(darker < brighter) }
        }
    }
}
