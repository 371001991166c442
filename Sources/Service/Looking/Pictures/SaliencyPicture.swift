import Foundation
import Photos
import WireProtocol

/// How much each pixel moves the class score, in grey: over the photo in dark grey, or by itself where that is wanted.
struct SaliencyPicture: SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? {
        let (photo, region) = (look.prepared.photo, look.prepared.region)
        guard !composer.plainSaliency else {
            return try composer.format.encode(
                SaliencyImage.grey(
                    from: look.saliency, width: photo.bitmap.width, height: photo.bitmap.height, region: region,
                    without: photo.missing))
        }
        let title =
            look.isJudged
            ? OverlayWords(
                "how much each pixel moves the score of \(look.label)", "what moves \(look.label)", look.label)
            : OverlayWords(look.caption, look.label)
        return try composer.format.encode(
            composer.overlay.saliency(
                look.saliency, over: photo.bitmap, region: region, missing: photo.missing, title: title, most: "most"))
    }
}
