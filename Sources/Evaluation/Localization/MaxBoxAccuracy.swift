package import Localization
public import WireProtocol

/// How well a map's boxes meet the true ones at the best threshold (Choe et al. 2020, "Evaluating Weakly Supervised Object
/// Localization Methods Right"; MaxBoxAccV2 of their journal version 2022, §4.2).
public enum MaxBoxAccuracy {
    /// What a photo needs: its best overlap at each of ``ThresholdBoxes/thresholds``.
    public struct Overlaps: Sendable {
        /// Of the largest region's box with the true box that it meets best, 0…1 (MaxBoxAcc).
        public let ofLargest: [Double]
        /// Of any region's box with any true box, 0…1 (MaxBoxAccV2).
        public let ofAny: [Double]

        /// - Parameter boxes: the true ones in pixels of the map; they may reach beyond it where the network does not see the
        ///   whole photo, and what it cannot see counts against it.
        public init(_ map: NormalizedMap, boxes: [BoundingBox]) {
            var largest = [Double](repeating: 0, count: ThresholdBoxes.thresholds.count)
            var any = largest
            ThresholdBoxes.scan(map) { level, regions in
                var most = 0
                for region in regions {
                    let found = BoundingBox(region.box)
                    let overlap = boxes.reduce(0) { max($0, $1.intersectionOverUnion(found)) }
                    any[level] = max(any[level], overlap)
                    // Of equally large ones the better: which came first is an accident.
                    if region.area > most {
                        (most, largest[level]) = (region.area, overlap)
                    } else if region.area == most {
                        largest[level] = max(largest[level], overlap)
                    }
                }
            }
            (ofLargest, ofAny) = (largest, any)
        }
    }

    /// The overlaps from which on a box is right, of MaxBoxAccV2.
    public static let overlaps = [0.3, 0.5, 0.7]

    /// The number of the threshold at which most photos are right; of equally good ones the middle one, as far from
    /// failure as can be. 0 where there are no photos.
    ///
    /// - Parameters:
    ///   - photos: overlaps at each threshold, [photos][thresholds].
    ///   - overlap: from which on a box is right.
    public static func bestThreshold(_ photos: [[Double]], overlap: Double) -> Int {
        let counts = ThresholdBoxes.thresholds.indices.map { level in photos.count { $0[level] >= overlap } }
        let best = counts.max() ?? 0
        let places = counts.indices.filter { counts[$0] == best }
        return photos.isEmpty ? 0 : places[places.count / 2]
    }

    /// 1 of each photo that is right, 0 of the others, each at the threshold that is best for the *other* photos of the
    /// two halves: no photo helps to choose the threshold that it is judged at.
    ///
    /// - Parameters:
    ///   - photos: overlaps at each threshold, [photos][thresholds].
    ///   - half: 0 or 1 of each photo.
    /// - Returns: also the two thresholds' numbers: the first is used in half 0, and chosen in half 1.
    public static func crossFitted(
        _ photos: [[Double]], half: [Int], overlap: Double
    ) -> (right: [Double], thresholds: [Int]) {
        let thresholds = (0...1).map { own in
            bestThreshold(photos.indices.filter { half[$0] != own }.map { photos[$0] }, overlap: overlap)
        }
        return (photos.indices.map { photos[$0][thresholds[half[$0]]] >= overlap ? 1 : 0 }, thresholds)
    }
}

extension BoundingBox {
    package init(_ box: PixelBox) {
        self.init(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height))
    }
}
