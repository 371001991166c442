public import Tensors

/// What an overlay shows of a photo. Only what is there is drawn, and only that is in the legend.
public struct OverlayScene: Sendable {
    /// Upright.
    public var photo: Bitmap
    public var heat: OverlayHeat?
    /// Of what lies inside of a mask, in the order drawn.
    public var outlines: [OverlayOutline]
    /// What lies outside of the photo is not drawn. Boxes of one label share their line and, where there are several
    /// labels, their letter.
    public var boxes: [OverlayBox]
    /// Whether the boxes are only where most speaks for a label, and nothing was found: then they are dotted.
    public var boxesAreHints = false
    /// What ``boxes`` are.
    public var boxMeaning: OverlayWords
    /// The part that was looked at by itself.
    public var closerLook: PixelRectangle?
    /// The part that the photo's file does not have: hatched.
    public var missing: PixelRectangle?
    public var verdict: OverlayVerdict?
    /// Sentences in small print, drawn as far as there is room.
    public var details: OverlayWords

    public init(
        photo: Bitmap, heat: OverlayHeat? = nil, outlines: [OverlayOutline] = [], boxes: [OverlayBox] = [],
        boxMeaning: OverlayWords = OverlayWords("box: what the classifier used", "used by the classifier", "used"),
        closerLook: PixelRectangle? = nil, missing: PixelRectangle? = nil, verdict: OverlayVerdict? = nil,
        details: OverlayWords = OverlayWords()
    ) {
        self.photo = photo
        self.heat = heat
        self.outlines = outlines
        self.boxes = boxes
        self.boxMeaning = boxMeaning
        self.closerLook = closerLook
        self.missing = missing
        self.verdict = verdict
        self.details = details
    }
}

/// Ways to say one thing, the best first, each shorter than the one before it: what there is room for is taken.
public struct OverlayWords: Hashable, Sendable, ExpressibleByStringInterpolation {
    public var wordings: [String]

    public init(_ wordings: String...) { self.wordings = wordings }

    public init(_ wordings: [String]) { self.wordings = wordings }

    public init(stringLiteral value: String) { wordings = [value] }

    /// The wording of a level, 0 the longest; the shortest where there are not so many.
    func wording(_ level: Int) -> String {
        wordings.isEmpty ? "" : wordings[min(max(level, 0), wordings.count - 1)]
    }
}

/// How much each place counts.
public struct OverlayHeat: Sendable {
    /// [h, w] of any size, values 0...1; the more a place counts, the more opaque its colour.
    public var map: Tensor
    /// Where the map lies, in pixels of the photo; `nil` for all of it.
    public var region: PixelRectangle?
    /// What the two ends of the scale mean: "nothing" and "most evidence for dog"; without the latter, the heat is not
    /// in the legend.
    public var least: OverlayWords
    public var most: OverlayWords

    public init(
        map: Tensor, region: PixelRectangle? = nil, least: OverlayWords = OverlayWords("nothing", "nothing", "0"),
        most: OverlayWords
    ) {
        self.map = map
        self.region = region
        self.least = least
        self.most = most
    }
}

/// A box to draw, with what to write on it.
public struct OverlayBox: Hashable, Sendable {
    /// In pixels of the photo's bitmap.
    public var rectangle: PixelRectangle
    /// What was found.
    public var label: String
    /// With its number: "dog 98 %".
    public var caption: String

    public init(rectangle: PixelRectangle, label: String, caption: String? = nil) {
        self.rectangle = rectangle
        self.label = label
        self.caption = caption ?? label
    }
}

/// What a picture says of the photo, in plain words, with a sign that is known by its shape.
public struct OverlayVerdict: Hashable, Sendable {
    public enum Sign: Hashable, Sendable, CaseIterable {
        /// ✓
        case check
        /// ~
        case wave
        /// ✗
        case cross
        /// ?
        case question
    }

    /// `nil` for none.
    public var sign: Sign?
    /// "cat 96 % · looks at the animal", "cat 96 %".
    public var words: OverlayWords

    public init(sign: Sign? = nil, words: OverlayWords) {
        self.sign = sign
        self.words = words
    }
}

/// The outline of what lies inside of a mask: light on the inner side, dark on the outer side, with ticks inwards.
public struct OverlayOutline: Sendable {
    /// How much of each cell is inside, 0...1, over the whole photo [h, w].
    let coverage: Tensor
    /// What the outline is.
    public var meaning: OverlayWords
    /// The inner side, and the ticks.
    public var color: RGBColor
    /// Laid thinly over the inside; `nil` for nothing.
    public var tint: RGBColor?

    /// Long side of ``coverage``, in cells: finer than a line is thick.
    static let longSide = 256

    /// - Parameters:
    ///   - mask: row by row over the whole photo, of any size.
    /// - Throws: `PhotoError.invalidMap` where `mask` does not fill rows of `width`.
    public init(
        mask: [Bool], width: Int, meaning: OverlayWords, color: RGBColor = RGBColor(red: 150, green: 255, blue: 120),
        tint: RGBColor? = nil
    ) throws(PhotoError) {
        guard width > 0, !mask.isEmpty, mask.count.isMultiple(of: width) else {
            throw .invalidMap(reason: "a mask of \(mask.count) values does not fill rows of \(width)")
        }
        coverage = try OverlayOutline.coverage(of: mask, width: width, height: mask.count / width)
        self.meaning = meaning
        self.color = color
        self.tint = tint
    }

    /// The mask in cells, each the mean of its pixels, softened so that steps of pixels become slopes.
    private static func coverage(of mask: [Bool], width: Int, height: Int) throws(PhotoError) -> Tensor {
        let scale = min(Double(longSide) / Double(max(width, height)), 1)
        let columns = max(Int((Double(width) * scale).rounded()), 1)
        let rows = max(Int((Double(height) * scale).rounded()), 1)
        var cells = [Float](repeating: 0, count: columns * rows)
        let firstColumn = (0...columns).map { $0 * width / columns }
        mask.withUnsafeBufferPointer { mask in
            for row in 0..<rows {
                let lines = row * height / rows..<(row + 1) * height / rows
                for column in 0..<columns {
                    let span = firstColumn[column]..<firstColumn[column + 1]
                    var inside = 0
                    for line in lines {
                        for pixel in span where mask[line * width + pixel] { inside += 1 }
                    }
                    cells[row * columns + column] = Float(inside) / Float(lines.count * span.count)
                }
            }
        }
        for _ in 0..<2 { soften(&cells, width: columns, height: rows) }
        return try Tensor(plane: cells, width: columns, height: rows)
    }

    /// One pass of the binomial filter 1 2 1 along each axis; beyond the border everything goes on as it is there.
    private static func soften(_ cells: inout [Float], width: Int, height: Int) {
        for (step, length, lines, lineStep) in [(1, width, height, width), (width, height, width, 1)] {
            for line in 0..<lines {
                var before = cells[line * lineStep]
                for position in 0..<length {
                    let index = line * lineStep + position * step
                    let here = cells[index]
                    let after = position + 1 < length ? cells[index + step] : here
                    cells[index] = (before + 2 * here + after) / 4
                    before = here
                }
            }
        }
    }
}

extension Tensor {
    /// [height, width], row by row.
    init(plane values: [Float], width: Int, height: Int) throws(PhotoError) {
        self = Tensor(shape: try Resampling.plane(width: width, height: height)) { target in
            for index in target.indices { target[index] = values[index] }
        }
    }
}
