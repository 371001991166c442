import Foundation
public import Tensors

/// The class of each pixel, from a network's score maps.
public struct SemanticSegmentation: Sendable {
    /// Where pixel p of the picture lies on the score maps, along one axis: p·scale + offset, in pixel edges.
    public struct Axis: Sendable, Hashable {
        public let scale: Double
        public let offset: Double

        public init(scale: Double, offset: Double) {
            self.scale = scale
            self.offset = offset
        }
    }

    /// What the maps hold.
    public enum Scores: Sendable, Hashable {
        /// One map a class, before softmax.
        case perClass
        /// One map, of class 1 against class 0: a score, or already a probability.
        case ofObject(isProbability: Bool)
    }

    public let width: Int
    public let height: Int
    /// The class of each pixel, row by row; nil for what the network did not see.
    public private(set) var classes: [Int?]
    /// Probability of that class, 0…1, after softmax over the classes.
    public let probabilities: [Float]
    public let classCount: Int

    /// Scores are interpolated (bilinear, corners not aligned) and compared at the picture's resolution.
    ///
    /// - Parameters:
    ///   - scores: [1,C,h,w].
    ///   - width, height: of the picture.
    /// - Throws: `sizeMismatch` for other shapes.
    public init(
        _ scores: Tensor, as kind: Scores, width: Int, height: Int, columns: Axis, rows: Axis
    ) throws(LocalizationError) {
        let extents = scores.shape.dimensions
        guard extents.count == 4, extents[0] == 1, extents.allSatisfy({ $0 > 0 }), width > 0, height > 0,
            width <= 1 << 16, height <= 1 << 16, kind == .perClass || extents[1] == 1
        else {
            throw .sizeMismatch(
                "segmentation needs score maps [1,C,h,w], or [1,1,h,w] of one object; this network gave \(scores.shape)"
            )
        }
        let across = columns.samples(count: width, of: extents[3])
        let down = rows.samples(count: height, of: extents[2])
        var classes = [Int?](repeating: nil, count: width * height)
        var probabilities = [Float](repeating: 0, count: width * height)
        let (count, mapWidth, plane) = (extents[1], extents[3], extents[2] * extents[3])
        scores.withUnsafeValues { values in
            var line = [Float](repeating: 0, count: count * mapWidth)
            var pixel = [Float](repeating: 0, count: count)
            for y in 0..<height {
                guard let row = down[y] else { continue }
                for channel in 0..<count {
                    let upper = channel * plane + row.lower * mapWidth
                    let lower = channel * plane + row.upper * mapWidth
                    for x in 0..<mapWidth {
                        line[channel * mapWidth + x] =
                            values[upper + x] + (values[lower + x] - values[upper + x]) * row.weight
                    }
                }
                for x in 0..<width {
                    guard let column = across[x] else { continue }
                    for channel in 0..<count {
                        let left = line[channel * mapWidth + column.lower]
                        pixel[channel] = left + (line[channel * mapWidth + column.upper] - left) * column.weight
                    }
                    let (winner, probability) = Self.decision(pixel, kind)
                    classes[y * width + x] = winner
                    probabilities[y * width + x] = probability
                }
            }
        }
        self.width = width
        self.height = height
        self.classes = classes
        self.probabilities = probabilities
        classCount = kind == .perClass ? count : 2
    }

    private static func decision(_ scores: [Float], _ kind: Scores) -> (winner: Int, probability: Float) {
        switch kind {
        case .ofObject(let isProbability):
            let object = isProbability ? scores[0] : 1 / (1 + exp(-scores[0]))
            return object > 0.5 ? (1, object) : (0, 1 - object)
        case .perClass:
            var winner = 0
            for index in scores.indices where scores[index] > scores[winner] { winner = index }
            return (winner, 1 / scores.reduce(0) { $0 + exp($1 - scores[winner]) })
        }
    }

    /// Takes the class of all pixels in `box` away: of a part of the picture that nobody saw.
    public mutating func clear(_ box: PixelBox) {
        for y in max(box.y, 0)..<max(min(box.y + box.height, height), 0) {
            for x in max(box.x, 0)..<max(min(box.x + box.width, width), 0) { classes[y * width + x] = nil }
        }
    }

    /// A connected part of a class.
    public struct Part: Sendable, Hashable {
        public let box: PixelBox
        /// Mean probability of the class over the part, 0…1.
        public let probability: Float
    }

    /// All pixels of one class.
    public struct Segment: Sendable {
        public let classIndex: Int
        public let mask: PixelMask
        /// Connected parts (8 neighbours), largest first.
        public let parts: [Part]
    }

    /// A part of a class that covers less of the picture than this gets no box.
    public static let smallestPart = 0.001

    /// The classes that are in the picture, largest first.
    ///
    /// - Parameter background: classes that mean "nothing to find".
    public func segments(background: Set<Int>) throws(LocalizationError) -> [Segment] {
        var segments: [Segment] = []
        let present = Set(classes.compactMap { $0 }).subtracting(background)
        for classIndex in present.sorted() {
            let mask = try PixelMask(width: width, height: height, pixels: classes.map { $0 == classIndex })
            let shape: Shape
            do { shape = try Shape([height, width]) } catch { throw .sizeMismatch("\(error)") }
            let map = Tensor(shape: shape) { values in
                for index in values.indices { values[index] = mask.pixels[index] ? probabilities[index] : 0 }
            }
            let smallest = Double(width * height) * Self.smallestPart
            let parts = BoxFinder.regions(in: map, above: .leastNormalMagnitude)
                .filter { Double($0.area) >= smallest }
                .map { Part(box: $0.box, probability: $0.mass / Float($0.area)) }
            segments.append(Segment(classIndex: classIndex, mask: mask, parts: parts))
        }
        return segments.sorted { $0.mask.area > $1.mask.area }
    }
}

/// Between which two values of a row or column a pixel lies.
private struct Sample {
    let lower: Int
    let upper: Int
    let weight: Float
}

extension SemanticSegmentation.Axis {
    /// Nil for pixels outside of the maps.
    fileprivate func samples(count: Int, of extent: Int) -> [Sample?] {
        (0..<count).map { pixel in
            let edge = (Double(pixel) + 0.5) * scale + offset
            guard edge >= 0, edge <= Double(extent) else { return nil }
            let position = min(max(edge - 0.5, 0), Double(extent - 1))
            let lower = Int(position)
            return Sample(lower: lower, upper: min(lower + 1, extent - 1), weight: Float(position - Double(lower)))
        }
    }
}
