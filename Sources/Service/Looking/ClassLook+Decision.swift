import DatasetSearch
import Foundation
import Localization
import Photos
import Tensors

extension ClassLook {
    /// What the index keeps of how the network decided.
    ///
    /// - Parameter time: of the decision.
    /// - Returns: nil where no independent label holds: then there is no decision.
    func decision(at time: Date) -> Decision? {
        guard isFound || model.isBackground(classIndex) else { return nil }
        let bitmap = prepared.photo.bitmap
        return Decision(
            classIndex: classIndex, probability: model.probability(of: classIndex, scores),
            time: time.timeIntervalSince1970,
            map: map.flatMap { map in
                Decision.EvidenceMap(
                    map, by: method, region: prepared.region, without: prepared.photo.missing, width: bitmap.width,
                    height: bitmap.height)
            },
            features: features, verdict: verdict.map(Decision.Verdict.init), camera: prepared.photo.camera)
    }
}

extension Decision.Verdict {
    init(_ verdict: Verdict) {
        self.init(
            word: verdict.word.rawValue, reasons: verdict.reasons.map(\.rawValue),
            share: verdict.findings.shares?.median, expectedShare: verdict.findings.shares?.expected)
    }
}

extension Decision.EvidenceMap {
    /// A map brought onto the upright photo. What speaks against the class counts as 0.
    ///
    /// - Parameters:
    ///   - map: [h,w] over `region`, any resolution; each of its cells is taken as even.
    ///   - region: what the network saw, in pixels of the bitmap.
    ///   - missing: what the photo's file does not have, in pixels of the bitmap: 0 there.
    ///   - width, height: of the bitmap.
    /// - Returns: nil where the map has another rank, or speaks for the class nowhere in the photo.
    init?(
        _ map: Tensor, by method: String, region: PixelRectangle, without missing: PixelRectangle?, width: Int,
        height: Int
    ) {
        guard map.shape.rank == 2, map.count > 0 else { return nil }
        let (rows, columns) = (map.shape[0], map.shape[1])
        let down = Self.overlaps(height, from: region.y, to: region.y + region.height, cells: rows)
        let across = Self.overlaps(width, from: region.x, to: region.x + region.width, cells: columns)
        var values: [Float] = []
        for (y, rowShares) in down.enumerated() {
            for (x, columnShares) in across.enumerated() {
                let middle = PixelRectangle(
                    x: (Double(x) + 0.5) * Double(width) / Double(Self.side),
                    y: (Double(y) + 0.5) * Double(height) / Double(Self.side), width: 0, height: 0)
                guard missing?.overlaps(middle) != true else {
                    values.append(0)
                    continue
                }
                var sum = 0.0
                for (row, rowShare) in rowShares {
                    for (column, columnShare) in columnShares {
                        sum += rowShare * columnShare * Double(max(map[row * columns + column], 0))
                    }
                }
                values.append(Float(sum))
            }
        }
        guard values.allSatisfy(\.isFinite), values.contains(where: { $0 > 0 }) else { return nil }
        self.init(method: method, values: values)
    }

    /// For each row (or column) of this map the rows of the other that lie under it, and the share of it that each covers.
    private static func overlaps(
        _ extent: Int, from start: Double, to end: Double, cells: Int
    ) -> [[(cell: Int, share: Double)]] {
        let (size, step) = (Double(extent) / Double(side), (end - start) / Double(cells))
        return (0..<side).map { index in
            let (low, high) = (Double(index) * size, Double(index + 1) * size)
            return (0..<cells).compactMap { cell in
                let from = max(low, start + Double(cell) * step)
                let to = min(high, start + Double(cell + 1) * step)
                return to > from ? (cell, (to - from) / size) : nil
            }
        }
    }
}
