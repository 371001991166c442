import Evaluation
import Foundation
import Localization
import Photos
import Tensors
import WireProtocol

/// What is true of a photo, in pixels of the grid that maps are measured on.
///
/// The grid lies over what the network sees, with the map's proportions and a long side of at most 224 pixels, the size
/// that Choe et al. 2020 measure at.
struct MeasuredTruth: Sendable {
    static let longSide = 224.0

    let width: Int
    let height: Int
    /// They may reach beyond the grid: what the network does not see counts against it.
    let boxes: [BoundingBox]
    let mask: PixelMask?
    /// Of the pointing game, in pixels of the grid.
    let tolerance: Double

    /// Nil where nothing is to be found in the photo.
    ///
    /// - Parameter label: of the class explained: boxes of other labels do not count.
    init?(_ truth: TruePhoto, label: String?, _ prepared: PreparedPhoto) throws(LocalizationError) {
        let region = prepared.region
        let scale = min(Self.longSide / max(region.width, region.height), 1)
        let (width, height) = (
            max(Int((region.width * scale).rounded()), 1), max(Int((region.height * scale).rounded()), 1)
        )
        let (bitmap, photo) = (prepared.photo.bitmap, prepared.photo)
        // From pixels of the full-size photo to pixels of the grid.
        let scaleX = Double(bitmap.width) / Double(photo.width) * Double(width) / region.width
        let scaleY = Double(bitmap.height) / Double(photo.height) * Double(height) / region.height
        let left = region.x * Double(width) / region.width, top = region.y * Double(height) / region.height
        guard !truth.boxes.contains(where: { $0.misses(width: photo.width, height: photo.height) }) else {
            throw .sizeMismatch(
                "a box of its truth lies wholly outside of the photo, which is \(photo.width)×\(photo.height) when it is upright: "
                    + "boxes should be in pixels of the upright photo")
        }
        boxes = truth.boxes.filter { $0.label == nil || label == nil || $0.label == label }.map { box in
            let (sideX, sideY) = box.isRelative == true ? (Double(photo.width), Double(photo.height)) : (1, 1)
            return BoundingBox(
                x: box.bbox.x * sideX * scaleX - left, y: box.bbox.y * sideY * scaleY - top,
                width: box.bbox.width * sideX * scaleX, height: box.bbox.height * sideY * scaleY)
        }
        if let runs = truth.mask {
            guard runs.size.count == 2 else { throw .sizeMismatch("a mask's size should be [height, width]") }
            let full = try RunLengthMask(width: runs.size[1], height: runs.size[0], counts: runs.counts)
            // Each pixel of the grid is what the mask is at its centre.
            let pixels = (0..<width * height).map { pixel in
                let x = (Double(pixel % width) + 0.5 + left) / scaleX / Double(photo.width) * Double(full.width)
                let y = (Double(pixel / width) + 0.5 + top) / scaleY / Double(photo.height) * Double(full.height)
                return full.contains(x: Int(x.rounded(.down)), y: Int(y.rounded(.down)))
            }
            let mask = try PixelMask(width: width, height: height, pixels: pixels)
            self.mask = mask.area > 0 ? mask : nil
        } else {
            mask = nil
        }
        guard !boxes.isEmpty || mask != nil else { return nil }
        (self.width, self.height) = (width, height)
        tolerance = PointingGame.tolerance * max(Double(photo.width) * scaleX, Double(photo.height) * scaleY)
    }

    /// Of each pixel of the grid whether it is to be found, by the mask where there is one.
    var pixels: [Bool] { mask?.pixels ?? PointingGame.pixels(inside: boxes, width: width, height: height) }
}

extension TruePhoto.Box {
    /// Whether nothing of it lies in an upright photo of this size.
    fileprivate func misses(width: Int, height: Int) -> Bool {
        let (right, bottom) = isRelative == true ? (1, 1) : (Double(width), Double(height))
        return bbox.x >= right || bbox.y >= bottom || bbox.x + bbox.width <= 0 || bbox.y + bbox.height <= 0
    }
}
