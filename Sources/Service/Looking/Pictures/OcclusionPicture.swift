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
        let map = try PlacedHeatMap(hidden.lost, region: hidden.region, without: look.prepared.photo.missing)
        var scene = look.prepared.scene(details: nil)
        scene.heat = OverlayHeat(
            map: map.scaledToOne, region: map.region, least: OverlayWords("hiding costs nothing", "nothing", "0"),
            most: OverlayWords("costs most", "costs most", "most"))
        scene.verdict = OverlayVerdict(
            words: OverlayWords(
                "\(look.label), lowest \(lowest) with a window hidden", "\(look.label), lowest \(lowest)"))
        return try composer.picture(scene)
    }
}
