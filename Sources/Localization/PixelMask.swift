/// Which pixels of a picture belong to an object.
public struct PixelMask: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// Row by row, width·height values.
    public let pixels: [Bool]

    /// - Throws: `sizeMismatch` where `pixels` does not fill the picture.
    public init(width: Int, height: Int, pixels: [Bool]) throws(LocalizationError) {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0, !overflow, pixels.count == count else {
            throw .sizeMismatch("a mask of \(width)×\(height) pixels cannot have \(pixels.count) values")
        }
        self.init(unchecked: pixels, width: width)
    }

    /// For pixels known to fill whole rows.
    init(unchecked pixels: [Bool], width: Int) {
        self.width = width
        height = pixels.count / width
        self.pixels = pixels
    }

    /// Number of pixels that belong to the object.
    public var area: Int { pixels.count { $0 } }

    /// The smallest box around the object; nil where no pixel belongs to it.
    public var box: PixelBox? {
        var (left, right, top, bottom) = (width, -1, height, -1)
        for (index, isInside) in pixels.enumerated() where isInside {
            let (y, x) = index.quotientAndRemainder(dividingBy: width)
            (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
        }
        return right < 0 ? nil : PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
    }

    /// COCO's uncompressed run lengths: column by column, the number of pixels outside, inside, outside, … The first
    /// is 0 where the first pixel is inside. They sum to width·height.
    public var runLengths: [Int] {
        var counts: [Int] = []
        var isInside = false
        var run = 0
        for x in 0..<width {
            for y in 0..<height {
                if pixels[y * width + x] == isInside {
                    run += 1
                } else {
                    counts.append(run)
                    (isInside, run) = (!isInside, 1)
                }
            }
        }
        return counts + [run]
    }

    /// Area of the intersection over the area of the union, 0…1; 0 where the sizes differ.
    public func intersectionOverUnion(_ other: PixelMask) -> Double {
        guard width == other.width, pixels.count == other.pixels.count else { return 0 }
        var (intersection, union) = (0, 0)
        for (a, b) in zip(pixels, other.pixels) {
            if a && b { intersection += 1 }
            if a || b { union += 1 }
        }
        return union == 0 ? 0 : Double(intersection) / Double(union)
    }

    /// The largest region of the object that hangs together (4 neighbours).
    public var largestComponent: PixelMask {
        var label = [Int](repeating: 0, count: pixels.count)
        var (best, bestArea, next) = (0, 0, 0)
        var stack: [Int] = []
        for start in pixels.indices where pixels[start] && label[start] == 0 {
            next += 1
            var area = 0
            label[start] = next
            stack.append(start)
            while let index = stack.popLast() {
                area += 1
                let (y, x) = index.quotientAndRemainder(dividingBy: width)
                for (isThere, neighbour) in [
                    (x > 0, index - 1), (x + 1 < width, index + 1), (y > 0, index - width),
                    (y + 1 < height, index + width),
                ] where isThere && pixels[neighbour] && label[neighbour] == 0 {
                    label[neighbour] = next
                    stack.append(neighbour)
                }
            }
            if area > bestArea { (best, bestArea) = (next, area) }
        }
        return PixelMask(unchecked: label.map { best > 0 && $0 == best }, width: width)
    }
}
