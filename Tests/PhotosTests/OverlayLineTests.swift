import Foundation
import Photos
import Tensors
import Testing

@Suite struct ContourLinesTests {
    /// Hills by chance, as a function and on a grid.
    private struct Landscape {
        let hills: [(x: Double, y: Double, height: Double)]

        init(seed: UInt64) {
            var generator = SeededGenerator(state: seed)
            hills = (0..<4).map { _ in
                (
                    .random(in: 10...90, using: &generator), .random(in: 10...90, using: &generator),
                    .random(in: 0.3...1, using: &generator)
                )
            }
        }

        func value(_ x: Double, _ y: Double) -> Double {
            hills.reduce(0) { $0 + $1.height * exp(-((x - $1.x) * (x - $1.x) + (y - $1.y) * (y - $1.y)) / 300) }
        }

        var grid: ScalarGrid {
            let places = (0..<100).map { Double($0) + 0.5 }
            return ScalarGrid(
                columns: places, rows: places, left: 0, right: 100, top: 0, bottom: 100, border: .zero
            ) { Float(value(places[$0], places[$1])) }
        }
    }

    @Test(arguments: 0..<12, [Float(0.25), 0.5, 0.75])
    func linesLieAtTheirLevelWithTheLargerValuesToTheRight(seed: Int, level: Float) throws {
        let land = Landscape(seed: UInt64(seed))
        for line in ContourLines.lines(of: land.grid, at: level) {
            // With nothing beyond the border, every line comes back to where it began.
            #expect(line.isClosed && line.points.count >= 4)
            for (from, to) in line.segments where hypot(to.x - from.x, to.y - from.y) > 0.2 {
                let x = (from.x + to.x) / 2, y = (from.y + to.y) / 2
                guard (2...98).contains(x), (2...98).contains(y) else { continue }
                // The hills' slope is at most 0.05 a pixel each, and their values bend little within one.
                #expect(abs(land.value(x, y) - Double(level)) < 0.01)
                let length = hypot(to.x - from.x, to.y - from.y)
                let (rightX, rightY) = (-(to.y - from.y) / length, (to.x - from.x) / length)
                #expect(land.value(x + rightX, y + rightY) > land.value(x - rightX, y - rightY))
            }
        }
    }

    @Test func aSlopeHasOneStraightLineFromEdgeToEdge() throws {
        let places = (0..<10).map { Double($0) * 10 + 5 }
        let grid = ScalarGrid(
            columns: places, rows: places, left: 0, right: 100, top: 0, bottom: 100, border: .continued
        ) { column, _ in Float(places[column] / 100) }
        let lines = ContourLines.lines(of: grid, at: 0.5)
        let line = try #require(lines.first)
        #expect(lines.count == 1 && !line.isClosed)
        #expect(line.points.allSatisfy { abs($0.x - 50) < 1e-4 })
        #expect(Set([line.points.first?.y, line.points.last?.y]) == [0, 100])
    }

    @Test func cornersThatTouchAreJoinedOnlyWhereTheMiddleIsHigh() {
        func lines(_ corner: Float) -> [Polyline] {
            let values: [[Float]] = [[1, corner], [corner, 1]]
            return ContourLines.lines(
                of: ScalarGrid(
                    columns: [1, 3], rows: [1, 3], left: 0, right: 4, top: 0, bottom: 4, border: .zero
                ) { values[$1][$0] }, at: 0.5)
        }
        #expect(lines(0).count == 1 && lines(0).allSatisfy(\.isClosed))
        #expect(lines(-0.5).count == 2)
    }

    @Test func emptyAndFullPlanesAndWhatIsNoNumberHaveNoLines() {
        for value in [Float(0), 1, .nan, .infinity] {
            let grid = ScalarGrid(
                columns: [1, 2], rows: [1, 2], left: 0, right: 3, top: 0, bottom: 3, border: .continued
            ) { _, _ in value }
            #expect(ContourLines.lines(of: grid, at: 0.5).isEmpty)
        }
    }
}

@Suite struct OverlayLineTests {
    private let overlay: Overlay

    init() throws {
        overlay = Overlay(font: try Font(environment: [:]))
    }

    private func luminance(_ color: RGBColor) -> Double {
        0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
    }

    /// Whatever the photo's colour, those of the heat included: the lines are light and dark.
    @Test(
        arguments: [RGBColor.black, .white, RGBColor(red: 255, green: 140, blue: 20)]
            + ColorMap.inferno.colors.enumerated()
            .filter { $0.offset.isMultiple(of: 51) }.map(\.element))
    func theHeatsLinesAreSeenOnAnyColour(color: RGBColor) throws {
        let photo = try Bitmap(width: 420, height: 420, color: color)
        let drawing = try overlay.drawing(
            of: OverlayScene(photo: photo, heat: OverlayHeat(map: hill(width: 30, height: 30), most: OverlayWords())))
        #expect(drawing.contours.count == 3)
        for line in drawing.contours {
            for (from, to) in line.segments {
                let x = (from.x + to.x) / 2, y = (from.y + to.y) / 2
                let length = hypot(to.x - from.x, to.y - from.y)
                guard length > 1, (5...414).contains(x), (50...300).contains(y) else { continue }
                func at(_ distance: Double) -> Double {
                    let (nx, ny) = (-(to.y - from.y) / length * distance, (to.x - from.x) / length * distance)
                    return luminance(drawing.bitmap[Int(x + nx), Int(y + ny)])
                }
                // Across the line: on dark ground its light middle is seen, on light ground its dark sides.
                let across = stride(from: -4, through: 4, by: 0.5).map(at)
                #expect((across.max() ?? 0) - (across.min() ?? 0) > 70)
            }
        }
    }

    /// Radii 0, at the hill's middle, to where exp(−20 r²) has fallen to the level.
    @Test func theHeatsLinesLieAtQuartersOfItsMaximum() throws {
        let photo = try Bitmap(width: 600, height: 600, color: .black)
        let drawing = try overlay.drawing(
            of: OverlayScene(photo: photo, heat: OverlayHeat(map: hill(width: 60, height: 60), most: OverlayWords())))
        let radii = drawing.contours.map { line in
            line.points.reduce(0) { $0 + hypot($1.x - 300, $1.y - 300) } / Double(line.points.count)
        }
        for (radius, level) in zip(radii.sorted(by: >), [0.25, 0.5, 0.75]) {
            #expect(abs(radius - 600 * (-log(level) / 20).squareRoot()) < 4)
        }
    }

    @Test func aMapOfSinglePixelsHasNoLines() throws {
        var generator = SeededGenerator(state: 7)
        let noise = try Tensor(
            shape: Shape([200, 200]), values: (0..<40_000).map { _ in .random(in: 0...1, using: &generator) })
        let photo = try Bitmap(width: 600, height: 600, color: .black)
        let drawing = try overlay.drawing(
            of: OverlayScene(photo: photo, heat: OverlayHeat(map: noise, most: "most")))
        #expect(drawing.contours.isEmpty)
        #expect(drawing.plates.flatMap(\.symbols) == [.scale(hasLines: false)])
    }

    // MARK: Outlines

    private let ground = RGBColor(red: 128, green: 128, blue: 128)
    private let light = RGBColor(red: 255, green: 255, blue: 0)

    /// Distances from the middle of the pixels that are as light as the outline, and of those that are dark.
    private func radii(_ mask: (_ radius: Double) -> Bool) throws -> (light: [Double], dark: [Double]) {
        func radius(_ x: Int, _ y: Int) -> Double { hypot(Double(x) - 299.5, Double(y) - 299.5) }
        let values = (0..<600 * 600).map { mask(radius($0 % 600, $0 / 600)) }
        let picture = try overlay.render(
            OverlayScene(
                photo: Bitmap(width: 600, height: 600, color: ground),
                outlines: [OverlayOutline(mask: values, width: 600, meaning: OverlayWords(), color: light)]))
        var (lights, darks): ([Double], [Double]) = ([], [])
        for y in 0..<600 {
            for x in 0..<600 {
                if picture[x, y] == light { lights.append(radius(x, y)) }
                if picture[x, y] == overlay.style.haloColor { darks.append(radius(x, y)) }
            }
        }
        return (lights, darks)
    }

    @Test func theInnerSideOfAnOutlineIsLightAndTheOuterSideDark() throws {
        let (lights, darks) = try radii { $0 < 200 }
        #expect(lights.count > 1000 && darks.count > 1000)
        #expect((lights.max() ?? 0) <= 201.5)
        #expect(darks.count { $0 > 200 } > darks.count / 2 && (darks.max() ?? 0) < 206)
        // Ticks point inwards: light far inside of the line, nothing as far outside.
        #expect(lights.count { $0 < 195 } > 100)
    }

    @Test func theEdgeOfAHoleIsLightOnTheSideOfTheObject() throws {
        let (lights, _) = try radii { (120..<800).contains($0) }
        // The hole's line; another one runs along the picture's edge.
        let hole = lights.filter { $0 < 200 }
        #expect(hole.count > 500 && (hole.min() ?? 0) >= 118.5)
        #expect(hole.count { $0 > 125 } > 50)
    }

    @Test func anEmptyMaskHasNoOutlineAndNoPlaceInTheLegend() throws {
        let drawing = try overlay.drawing(
            of: OverlayScene(
                photo: Bitmap(width: 600, height: 600, color: ground),
                outlines: [OverlayOutline(mask: [Bool](repeating: false, count: 100), width: 10, meaning: "animal")]))
        #expect(drawing.outlines.isEmpty && drawing.plates.isEmpty)
        #expect(throws: PhotoError.self) { try OverlayOutline(mask: [true], width: 2, meaning: "animal") }
    }

    @Test func theTintStaysInside() throws {
        let mask = (0..<10_000).map { (20..<50).contains($0 % 100) && (20..<50).contains($0 / 100) }
        let picture = try overlay.render(
            OverlayScene(
                photo: Bitmap(width: 500, height: 500, color: ground),
                outlines: [OverlayOutline(mask: mask, width: 100, meaning: OverlayWords(), tint: .white)]))
        #expect(picture[175, 175].red > 150 && picture[300, 300] == ground && picture[60, 60] == ground)
    }

    // MARK: The part looked at closer

    @Test func thePartLookedAtCloserHasADashedFrame() throws {
        let drawing = try overlay.drawing(
            of: OverlayScene(
                photo: Bitmap(width: 600, height: 450, color: ground),
                closerLook: PixelRectangle(x: 100, y: 100, width: 400, height: 200)))
        let row = (100..<500).map { luminance(drawing.bitmap[$0, 101]) > 200 }
        #expect(zip(row, row.dropFirst()).count { $0 != $1 } > 10)
        #expect(drawing.plates.flatMap(\.symbols) == [.closerLook])
    }
}

@Suite struct SaliencyOverPhotoTests {
    private let overlay: Overlay

    init() throws {
        overlay = Overlay(font: try Font(environment: [:]))
    }

    @Test func theMapIsThePlainOneOverADarkPhoto() throws {
        let map = try hill(width: 40, height: 30)
        for (color, ground) in [(RGBColor.black, 0), (.white, 89)] {
            let photo = try Bitmap(width: 600, height: 450, color: color)
            let plain = try SaliencyImage.grey(from: map, width: 600, height: 450)
            let picture = try overlay.saliency(map, over: photo, title: "what moves cat", most: "most")
            // Between title and scale.
            for y in 60..<390 {
                for x in 0..<600 {
                    let value = Double(plain[x, y])
                    let expected = Double(ground) + (255 - Double(ground)) * value / 255
                    #expect(abs(Double(picture[x, y]) - expected) <= 1)
                }
            }
            #expect((0..<100).contains { picture[$0, 15] > 200 })
            #expect((0..<200).contains { picture[$0, 435] > 200 })
        }
    }

    @Test func aSmallPhotoIsEnlargedSoThatTheTitleCanBeRead() throws {
        let picture = try overlay.saliency(
            hill(width: 4, height: 4), over: Bitmap(width: 100, height: 50, color: .black), title: "title", most: "most"
        )
        #expect(picture.width == 400 && picture.height == 200)
    }
}
