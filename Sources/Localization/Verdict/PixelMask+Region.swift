extension PixelMask {
    /// What does not belong to the object.
    public var complement: PixelMask { PixelMask(unchecked: pixels.map { !$0 }, width: width) }

    /// What belongs to this object and not to the other; both of the same size.
    func without(_ other: PixelMask) -> PixelMask {
        PixelMask(unchecked: zip(pixels, other.pixels).map { $0 && !$1 }, width: width)
    }

    /// The object with a rim around it: all pixels at most `radius` rows and `radius` columns away from one of its own.
    public func dilated(by radius: Int) -> PixelMask {
        guard radius > 0 else { return self }
        let wide = Self.grown(pixels, along: width, step: 1, across: height, step: width, by: radius)
        let both = Self.grown(wide, along: height, step: width, across: width, step: 1, by: radius)
        return PixelMask(unchecked: both, width: width)
    }

    /// Lines of `length` pixels, `step` apart, each pixel set where one within `radius` on its line is.
    private static func grown(
        _ pixels: [Bool], along length: Int, step: Int, across lines: Int, step lineStep: Int, by radius: Int
    ) -> [Bool] {
        var result = pixels
        for line in 0..<lines {
            let start = line * lineStep
            // Up to here everything is decided.
            var end = 0
            for position in 0..<length where pixels[start + position * step] {
                let (first, last) = (max(position - radius, end), min(position + radius, length - 1))
                for place in first..<max(last + 1, first) { result[start + place * step] = true }
                end = max(end, last + 1)
            }
        }
        return result
    }
}

extension PixelMask {
    /// Pixels of an object that hang together.
    public struct Part: Sendable {
        /// Their indices in the mask.
        public let pixels: [Int]
        /// Around them; the boxes of two parts may overlap.
        public let box: PixelBox
    }

    /// The connected parts (8 neighbours), largest first.
    public var parts: [Part] {
        var isSeen = [Bool](repeating: false, count: pixels.count)
        var parts: [Part] = []
        for start in pixels.indices where pixels[start] && !isSeen[start] {
            var part = [start], next = 0
            isSeen[start] = true
            var (left, right, top, bottom) = (width, 0, height, 0)
            while next < part.count {
                let (y, x) = part[next].quotientAndRemainder(dividingBy: width)
                next += 1
                (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
                for row in max(y - 1, 0)...min(y + 1, height - 1) {
                    for column in max(x - 1, 0)...min(x + 1, width - 1) {
                        let other = row * width + column
                        if pixels[other], !isSeen[other] {
                            isSeen[other] = true
                            part.append(other)
                        }
                    }
                }
            }
            let box = PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
            parts.append(Part(pixels: part, box: box))
        }
        return parts.sorted { $0.pixels.count > $1.pixels.count }
    }

    /// An object of the same size that has all of this one but these parts of it.
    public func without(_ parts: some Sequence<Part>) -> PixelMask {
        var left = pixels
        for part in parts { for pixel in part.pixels { left[pixel] = false } }
        return PixelMask(unchecked: left, width: width)
    }

    /// An object of the same size that has nothing but these parts of this one.
    public func keeping(_ parts: some Sequence<Part>) -> PixelMask {
        var kept = [Bool](repeating: false, count: pixels.count)
        for part in parts { for pixel in part.pixels { kept[pixel] = true } }
        return PixelMask(unchecked: kept, width: width)
    }

    /// COCO's run lengths (see ``runLengths``) of the mask at another size, each pixel that of the nearest one; the picture
    /// of that size is never made.
    public func runLengths(width newWidth: Int, height newHeight: Int) -> [Int] {
        var counts: [Int] = []
        var isInside = false
        var run = 0
        func add(_ length: Int, _ value: Bool) {
            if value != isInside {
                counts.append(run)
                (isInside, run) = (value, 0)
            }
            run += length
        }
        // The first row of the new size that lies on row y of this one.
        let firsts = (0...height).map { ($0 * newHeight + height - 1) / height }
        for newX in 0..<newWidth {
            let x = newX * width / newWidth
            for y in 0..<height where firsts[y + 1] > firsts[y] {
                add(firsts[y + 1] - firsts[y], pixels[y * width + x])
            }
        }
        return counts + [run]
    }
}
