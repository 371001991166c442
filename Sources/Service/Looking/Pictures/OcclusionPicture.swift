import Foundation
import Photos
import WireProtocol

/// What hiding a window costs the class, where windows were hidden.
struct OcclusionPicture: SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? {
        guard let hidden = look.hiddenWindows else { return nil }
        let lowest =
            hidden.document.lowestProbability.map { "\(Int(($0 * 100).rounded())) %" }
            ?? "\(hidden.document.lowestScore ?? 0)"
        return try composer.picture(
            of: look.prepared,
            try PlacedHeatMap(hidden.lost, region: hidden.region, without: look.prepared.photo.missing),
            headline: "\(look.label), lowest \(lowest) with a window hidden")
    }
}
