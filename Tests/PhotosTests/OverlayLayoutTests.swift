import Photos
import Tensors
import Testing

/// What holds for the plates of all overlays, tried on scenes drawn by chance.
@Suite struct OverlayLayoutTests {
    private let overlay: Overlay

    init() throws {
        overlay = Overlay(font: try Font(environment: [:]))
    }

    /// Photo sizes from tiny to wide, boxes anywhere, all that can be in a legend or not.
    private struct RandomScene {
        var generator: SeededGenerator
        static let sizes = [
            (250, 180), (180, 250), (480, 320), (500, 375), (960, 720), (300, 1200), (1200, 260), (96, 96),
        ]
        static let labels = ["cat", "dog", "Löwenköpfchen, ein Zwergkaninchen"]

        mutating func scene() throws -> OverlayScene {
            let (width, height) = RandomScene.sizes.randomElement(using: &generator) ?? (480, 320)
            let color = RGBColor(
                red: .random(in: 0...255, using: &generator), green: .random(in: 0...255, using: &generator),
                blue: .random(in: 0...255, using: &generator))
            var scene = OverlayScene(photo: try Bitmap(width: width, height: height, color: color))
            func rectangle(_ generator: inout SeededGenerator) -> PixelRectangle {
                let w = Double.random(in: 0.1...1.1, using: &generator) * Double(width)
                let h = Double.random(in: 0.1...1.1, using: &generator) * Double(height)
                return PixelRectangle(
                    x: .random(in: -0.1...0.9, using: &generator) * Double(width),
                    y: .random(in: -0.1...0.9, using: &generator) * Double(height), width: w, height: h)
            }
            scene.boxes = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                let label = RandomScene.labels.randomElement(using: &generator) ?? "cat"
                return OverlayBox(
                    rectangle: rectangle(&generator), label: label,
                    caption: "\(label) \(Int.random(in: 0...100, using: &generator)) %")
            }
            if Bool.random(using: &generator) {
                scene.heat = OverlayHeat(
                    map: try hill(width: 9, height: 7),
                    most: OverlayWords("most evidence for dog", "most for dog", "dog"))
            }
            if Bool.random(using: &generator) { scene.closerLook = rectangle(&generator) }
            if Bool.random(using: &generator) {
                scene.outlines = [
                    try OverlayOutline(
                        mask: (0..<400).map { (120..<280).contains($0) && (5..<15).contains($0 % 20) }, width: 20,
                        meaning: OverlayWords("outline: the animal found", "animal"))
                ]
            }
            scene.verdict = OverlayVerdict(
                sign: OverlayVerdict.Sign.allCases.randomElement(using: &generator),
                words: OverlayWords("cat 52 % · looks at the animal", "cat 52 %"))
            scene.details = "Hiding the animal: cat 52 % → 8 %. Hiding as much elsewhere: 49 %."
            return scene
        }
    }

    private static func sides(_ frame: PixelRectangle, _ thickness: Int) -> [PixelRectangle] {
        // As drawn, on whole pixels.
        let left = frame.x.rounded(), top = frame.y.rounded()
        let right = (frame.x + frame.width).rounded(), bottom = (frame.y + frame.height).rounded()
        let across = min(Double(thickness), right - left), down = min(Double(thickness), bottom - top)
        return [
            PixelRectangle(x: left, y: top, width: right - left, height: down),
            PixelRectangle(x: left, y: bottom - down, width: right - left, height: down),
            PixelRectangle(x: left, y: top, width: across, height: bottom - top),
            PixelRectangle(x: right - across, y: top, width: across, height: bottom - top),
        ]
    }

    @Test(arguments: 0..<48) func theRulesHoldForEveryScene(seed: Int) throws {
        var random = RandomScene(generator: SeededGenerator(state: UInt64(seed)))
        let scene = try random.scene()
        let drawing = try overlay.drawing(of: scene)
        noPlateCoversALineOrAnotherPlate(drawing)
        allPlatesTogetherLeaveMostOfThePhoto(drawing)
        aNumberStaysWithItsUnit(drawing)
        theLegendNamesWhatIsDrawnAndNothingElse(drawing, scene)
    }

    private func noPlateCoversALineOrAnotherPlate(_ drawing: Overlay.Drawing) {
        for (index, plate) in drawing.plates.enumerated() {
            let own = plate.rectangle
            #expect(own.x >= 0 && own.y >= 0)
            #expect(own.x + own.width <= Double(drawing.bitmap.width))
            #expect(own.y + own.height <= Double(drawing.bitmap.height))
            for frame in drawing.frames {
                for side in Self.sides(frame.rectangle, frame.thickness) {
                    #expect(!side.overlaps(own), "\(plate.texts) lies on a line")
                }
            }
            for other in drawing.plates.dropFirst(index + 1) {
                #expect(!other.rectangle.overlaps(own), "\(plate.texts) lies on \(other.texts)")
            }
        }
    }

    private func allPlatesTogetherLeaveMostOfThePhoto(_ drawing: Overlay.Drawing) {
        let pixels = drawing.bitmap.width * drawing.bitmap.height
        let covered = drawing.plates.reduce(0) { $0 + Int($1.rectangle.width * $1.rectangle.height) }
        #expect(covered <= drawing.areaLimit)
        #expect(drawing.areaLimit <= pixels / (min(drawing.bitmap.width, drawing.bitmap.height) < 480 ? 12 : 8))
    }

    private func aNumberStaysWithItsUnit(_ drawing: Overlay.Drawing) {
        // The lower end of a scale in short words is a number by itself.
        for text in drawing.plates.flatMap(\.texts) where text != "0" {
            #expect(!text.hasPrefix("%") && !text.hasPrefix("·"))
            // All others in these scenes are percentages: behind the digits comes the unit, on the same line.
            for run in text.split(whereSeparator: { !$0.isNumber }) {
                #expect(text[run.endIndex...].hasPrefix(" %"), "'\(text)' is broken inside of a number")
            }
        }
    }

    private func theLegendNamesWhatIsDrawnAndNothingElse(_ drawing: Overlay.Drawing, _ scene: OverlayScene) {
        let symbols = drawing.plates.filter { $0.kind == .legend }.flatMap(\.symbols)
        for symbol in symbols {
            switch symbol {
            case .scale(let hasLines): #expect(scene.heat != nil && hasLines == !drawing.contours.isEmpty)
            case .box: #expect(!scene.boxes.isEmpty)
            case .closerLook: #expect(scene.closerLook != nil)
            case .outline: #expect(!drawing.outlines.isEmpty)
            case .hatch, .greyScale: Issue.record("\(symbol) is in the legend, and not in the picture")
            }
        }
        // What comes first stays.
        if scene.heat != nil, let first = symbols.first {
            #expect(first == .scale(hasLines: !drawing.contours.isEmpty))
        }
    }

    /// On every size but strips, with one box: verdict, caption, and the whole legend.
    @Test(arguments: [(250, 180), (180, 250), (480, 320), (500, 375), (960, 720), (4000, 3000)])
    func oneAnimalHasAllThatIsToBeSaid(width: Int, height: Int) throws {
        var scene = OverlayScene(photo: try Bitmap(width: width, height: height, color: .black))
        let (w, h) = (Double(width), Double(height))
        scene.heat = OverlayHeat(
            map: try hill(width: 9, height: 7), most: OverlayWords("most evidence for dog", "most for dog", "dog"))
        scene.boxes = [
            OverlayBox(
                rectangle: PixelRectangle(x: w / 4, y: h / 4, width: w / 2, height: h / 2), label: "dog",
                caption: "dog 98 %")
        ]
        scene.outlines = [
            try OverlayOutline(
                mask: (0..<400).map { (120..<280).contains($0) && (5..<15).contains($0 % 20) }, width: 20,
                meaning: OverlayWords("outline: the animal, as another network found it", "the animal found", "animal"))
        ]
        scene.verdict = OverlayVerdict(sign: .check, words: OverlayWords("dog 98 % · looks at the animal", "dog 98 %"))
        let drawing = try overlay.drawing(of: scene)
        let verdict = try #require(drawing.plates.first { $0.kind == .verdict })
        #expect(verdict.texts.joined(separator: " ") == "dog 98 % · looks at the animal")
        #expect(verdict.rectangle.y < Double(drawing.bitmap.height) / 8)
        #expect(drawing.plates.first { $0.kind == .caption }?.texts == ["dog 98 %"])
        let legend = try #require(drawing.plates.first { $0.kind == .legend })
        #expect(legend.symbols.count == 3 && legend.symbols.first == .scale(hasLines: true))
        #expect(legend.texts.count == 4)
    }

    @Test func detailsGoFirstAndTheVerdictLast() throws {
        func plates(_ side: Int, details: String) throws -> [Plate] {
            try overlay.drawing(
                of: OverlayScene(
                    photo: Bitmap(width: side, height: side * 3 / 4, color: .black),
                    heat: OverlayHeat(
                        map: hill(width: 9, height: 7), most: OverlayWords("most evidence for dog", "dog")),
                    verdict: OverlayVerdict(
                        sign: .wave, words: OverlayWords("dog 98 % · looks partly at it", "dog 98 %")),
                    details: OverlayWords(details))
            ).plates
        }
        let details = "Hiding the animal: dog 98 % → 60 %."
        let large = try plates(1000, details: details)
        #expect(large.flatMap(\.texts).joined(separator: " ").contains(details))
        let small = try plates(250, details: String(repeating: details + " ", count: 4))
        #expect(!small.flatMap(\.texts).joined(separator: " ").contains("Hiding"))
        #expect(small.contains { $0.kind == .verdict } && small.contains { $0.kind == .legend })
    }

    // MARK: Several labels

    @Test func severalLabelsAreToldApartByLetterAndLine() throws {
        let photo = try Bitmap(width: 800, height: 600, color: RGBColor(red: 90, green: 120, blue: 60))
        let left = PixelRectangle(x: 60, y: 120, width: 300, height: 300)
        let right = PixelRectangle(x: 440, y: 120, width: 300, height: 300)
        let drawing = try overlay.drawing(
            of: OverlayScene(
                photo: photo,
                boxes: [
                    OverlayBox(rectangle: left, label: "cat", caption: "cat 98 %"),
                    OverlayBox(rectangle: right, label: "dog", caption: "dog 61 %"),
                ]))
        let captions = drawing.plates.filter { $0.kind == .caption }.flatMap(\.texts)
        #expect(captions == ["A cat 98 %", "B dog 61 %"])
        let legend = drawing.plates.filter { $0.kind == .legend }.flatMap(\.texts)
        #expect(legend.contains("A cat") && legend.contains("B dog"))
        // Along the lower side: how often light and dark change.
        func changes(_ box: PixelRectangle) -> Int {
            let row = Int(box.y + box.height) - 4
            let lights = (Int(box.x)..<Int(box.x + box.width)).map { Int(drawing.bitmap[$0, row].green) > 128 }
            return zip(lights, lights.dropFirst()).count { $0 != $1 }
        }
        #expect(changes(left) <= 2 && changes(right) > 20)
    }

    @Test func aHintIsDottedAndNoBox() throws {
        let photo = try Bitmap(width: 800, height: 600, color: .black)
        let box = PixelRectangle(x: 60, y: 120, width: 300, height: 300)
        var scene = OverlayScene(
            photo: photo, boxes: [OverlayBox(rectangle: box, label: "dog", caption: "strongest here for dog 39 %")])
        scene.boxesAreHints = true
        let drawing = try overlay.drawing(of: scene)
        let row = (60..<360).map { Int(drawing.bitmap[$0, 416].green) > 128 }
        #expect(zip(row, row.dropFirst()).count { $0 != $1 } > 20)
        #expect(drawing.plates.first { $0.kind == .caption }?.texts == ["strongest here for dog 39 %"])
        #expect(drawing.plates.flatMap(\.symbols) == [.box(group: 1)])
    }

    @Test func boxesOfOneLabelNeedNoLetters() throws {
        let photo = try Bitmap(width: 800, height: 600, color: .black)
        let boxes = [60.0, 440].map { x in
            OverlayBox(
                rectangle: PixelRectangle(x: x, y: 120, width: 300, height: 300), label: "cat", caption: "cat 98 %")
        }
        let captions = try overlay.drawing(of: OverlayScene(photo: photo, boxes: boxes)).plates
            .filter { $0.kind == .caption }.flatMap(\.texts)
        #expect(captions == ["cat 98 %", "cat 98 %"])
    }

    /// By their shapes alone: the white of each sign is not where the white of another is.
    @Test func signsAreToldApartWithoutColour() throws {
        let photo = try Bitmap(width: 1200, height: 900, color: .black)
        let shapes = try OverlayVerdict.Sign.allCases.map { sign in
            let drawing = try overlay.drawing(
                of: OverlayScene(photo: photo, verdict: OverlayVerdict(sign: sign, words: "cat")))
            let plate = try #require(drawing.plates.first).rectangle
            let side = Int(plate.height)
            var white = Set<Int>()
            for y in 0..<side {
                for x in 0..<side {
                    let color = drawing.bitmap[Int(plate.x) + x, Int(plate.y) + y]
                    if color.red > 200, color.green > 200, color.blue > 200 { white.insert(y * side + x) }
                }
            }
            return white
        }
        for (index, shape) in shapes.enumerated() {
            #expect(shape.count > 20)
            for other in shapes[(index + 1)...] {
                #expect(shape.symmetricDifference(other).count > min(shape.count, other.count) / 2)
            }
        }
    }
}
