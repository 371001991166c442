import Foundation
import Photos

/// How much each pixel moves the class score, in grey.
struct SaliencyPicture: SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? {
        let bitmap = look.prepared.photo.bitmap
        return try JPEGEncoder.encode(
            SaliencyImage.grey(
                from: look.saliency, width: bitmap.width, height: bitmap.height, region: look.prepared.region,
                without: look.prepared.photo.missing))
    }
}
