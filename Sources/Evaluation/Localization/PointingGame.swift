public import Localization
public import WireProtocol

/// Whether a map's highest place lies on the object (Zhang et al. 2018, "Top-down Neural Attention by Excitation Backprop",
/// §4.1), and how much of the map does (Wang et al. 2020, "Score-CAM", eq. 14, the energy-based pointing game).
public enum PointingGame {
    /// The authors' tolerance: 15 pixels of a photo whose long side is 500, which PASCAL VOC's have.
    public static let tolerance = 15.0 / 500

    /// Whether the highest place lies in a box, or at most `tolerance` pixels beside it.
    ///
    /// - Parameters:
    ///   - boxes: in pixels of the map.
    ///   - tolerance: in pixels of the map.
    /// - Returns: false where the map has no contrast: it points nowhere.
    public static func hits(_ map: NormalizedMap, boxes: [BoundingBox], tolerance: Double) -> Bool {
        guard let peak = peak(of: map) else { return false }
        let (x, y) = (Double(peak % map.width) + 0.5, Double(peak / map.width) + 0.5)
        return boxes.contains { box in
            let beyondX = max(box.x - x, x - box.x - box.width, 0)
            let beyondY = max(box.y - y, y - box.y - box.height, 0)
            return (beyondX * beyondX + beyondY * beyondY).squareRoot() <= tolerance
        }
    }

    /// The same for a mask of the map's size.
    public static func hits(_ map: NormalizedMap, mask: PixelMask, tolerance: Double) -> Bool {
        guard let peak = peak(of: map), mask.width == map.width, mask.height == map.height else { return false }
        let (row, column) = peak.quotientAndRemainder(dividingBy: map.width)
        let reach = Int(tolerance)
        for y in max(row - reach, 0)...min(row + reach, map.height - 1) {
            for x in max(column - reach, 0)...min(column + reach, map.width - 1) where mask.pixels[y * map.width + x] {
                let (dx, dy) = (Double(x - column), Double(y - row))
                if (dx * dx + dy * dy).squareRoot() <= tolerance { return true }
            }
        }
        return false
    }

    /// Share of the map that lies on the object, 0…1; 0 where there is no map.
    ///
    /// - Parameter values: of a map, [h·w]; values below 0 count as 0.
    /// - Parameter isObject: of each pixel.
    public static func energy(_ values: [Float], _ isObject: [Bool]) -> Double {
        var (inside, all) = (0.0, 0.0)
        for (value, isObject) in zip(values, isObject) where value > 0 && value.isFinite {
            all += Double(value)
            if isObject { inside += Double(value) }
        }
        return all > 0 ? inside / all : 0
    }

    /// The first of the highest pixels; nil where the map has no contrast.
    private static func peak(of map: NormalizedMap) -> Int? {
        guard let highest = map.values.max(), highest > 0 else { return nil }
        return map.values.firstIndex(of: highest)
    }

    /// Of each pixel of a map whether its centre lies in a box.
    public static func pixels(inside boxes: [BoundingBox], width: Int, height: Int) -> [Bool] {
        var pixels = [Bool](repeating: false, count: width * height)
        for box in boxes {
            guard [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite) else { continue }
            func range(_ start: Double, _ extent: Double, _ limit: Int) -> Range<Int> {
                let low = Int(min(max((start - 0.5).rounded(.up), 0), Double(limit)))
                let high = Int(min(max((start + extent - 0.5).rounded(.up), 0), Double(limit)))
                return low..<max(high, low)
            }
            for y in range(box.y, box.height, height) {
                for x in range(box.x, box.width, width) { pixels[y * width + x] = true }
            }
        }
        return pixels
    }
}
