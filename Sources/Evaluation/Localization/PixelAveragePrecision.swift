public import Localization

/// How well a map tells the object's pixels from the others at every threshold (PxAP, Choe et al. 2020, §3.3): pixels of all
/// photos together, precision over recall.
public struct PixelAveragePrecision: Sendable {
    /// A thousand steps of the threshold, as the authors' program has them.
    private static let steps = 1000

    /// Of one photo: how many pixels of the object, and of the rest, have a value in each step. Sums of photos are those of
    /// all of them.
    public struct Counts: Sendable {
        public internal(set) var object: [Int]
        public internal(set) var rest: [Int]

        /// Nil where mask and map differ in size.
        public init?(_ map: NormalizedMap, mask: PixelMask) {
            guard mask.width == map.width, mask.height == map.height else { return nil }
            var object = [Int](repeating: 0, count: PixelAveragePrecision.steps + 1)
            var rest = object
            for (value, isObject) in zip(map.values, mask.pixels) {
                let step = min(Int(value * Float(PixelAveragePrecision.steps)), PixelAveragePrecision.steps)
                if isObject { object[step] += 1 } else { rest[step] += 1 }
            }
            (self.object, self.rest) = (object, rest)
        }
    }

    /// Σ precision · gain of recall, from the highest threshold down, 0…1; nil where no photo has a pixel of an object.
    public static func value(_ photos: [Counts]) -> Double? {
        var object = [Int](repeating: 0, count: steps + 1)
        var rest = object
        for photo in photos {
            for step in object.indices {
                object[step] += photo.object[step]
                rest[step] += photo.rest[step]
            }
        }
        let all = object.reduce(0, +)
        guard all > 0 else { return nil }
        var (right, wrong, sum) = (0, 0, 0.0)
        for step in object.indices.reversed() {
            right += object[step]
            wrong += rest[step]
            guard object[step] > 0 else { continue }
            sum += Double(right) / Double(right + wrong) * Double(object[step]) / Double(all)
        }
        return sum
    }
}
