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
    /// A map brought onto the upright photo, see ``PhotoGrid``.
    ///
    /// - Parameters:
    ///   - map: [h,w] over `region`.
    ///   - region: what the network saw, in pixels of the bitmap.
    ///   - missing: what the photo's file does not have, in pixels of the bitmap.
    ///   - width, height: of the bitmap.
    /// - Returns: nil where the map speaks for the class nowhere in the photo.
    init?(
        _ map: Tensor, by method: String, region: PixelRectangle, without missing: PixelRectangle?, width: Int,
        height: Int
    ) {
        let grid = PhotoGrid(
            map, region: region, without: missing, width: width, height: height, side: Self.side)
        guard let grid, grid.values.contains(where: { $0 > 0 }) else { return nil }
        self.init(method: method, values: grid.values)
    }
}
