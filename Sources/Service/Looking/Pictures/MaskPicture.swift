import Foundation
import Localization
import Photos

/// Each class in its colour; black is background, and what the network did not see.
struct MaskPicture: SidecarPicture {
    func drawn(_ look: SegmentationLook, by composer: Composer) throws -> Data? {
        let (segmentation, background) = (look.segmentation, look.model.backgroundClasses)
        let colors = (0..<segmentation.classCount).map { index in
            background.contains(index) ? RGBColor.black : ClassPalette.color(of: index)
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(segmentation.classes.count * 3)
        for index in segmentation.classes {
            let color = index.map { colors[$0] } ?? .black
            pixels.append(contentsOf: [color.red, color.green, color.blue])
        }
        let bitmap = try Bitmap(width: segmentation.width, height: segmentation.height, pixels: pixels)
        return try JPEGEncoder.encode(bitmap, quality: 95)
    }
}
