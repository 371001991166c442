import Localization
import Photos

/// What a network was shown of a photo, the whole of it or a part by itself, and how that lies on the photo's bitmap.
struct SeenInput: Sendable {
    let input: NetworkInput
    /// In whole pixels of the bitmap; nil of the whole photo.
    let part: PixelRectangle?
    /// All that the network saw, padding too, in pixels of the bitmap.
    let region: PixelRectangle
    /// In pixels of the bitmap, or of the part.
    private let geometry: InputGeometry

    /// The whole photo.
    ///
    /// - Throws: `PhotoError`.
    init(_ prepared: PreparedPhoto) throws(PhotoError) {
        let bitmap = prepared.photo.bitmap
        input = prepared.input
        part = nil
        region = prepared.region
        geometry = try input.geometry.onPhoto(width: bitmap.width, height: bitmap.height)
    }

    /// A part by itself.
    ///
    /// - Throws: `PhotoError`.
    init(_ part: PixelRectangle, of prepared: PreparedPhoto) throws(PhotoError) {
        try self.init(part, of: prepared, by: prepared.preprocessor)
    }

    /// A part by itself, as another network than the photo was prepared for sees it.
    ///
    /// - Throws: `PhotoError`.
    init(_ part: PixelRectangle, of prepared: PreparedPhoto, by preprocessor: Preprocessor) throws(PhotoError) {
        input = try preprocessor.input(from: try prepared.photo.bitmap.crop(part))
        self.part = part
        geometry = input.geometry
        var region = geometry.visibleRegion
        region.x += part.x
        region.y += part.y
        self.region = region
    }

    /// The input pixels that belong to a rectangle of the bitmap; nil where the input does not show it.
    func inputBox(_ rectangle: PixelRectangle) -> PixelBox? {
        var rectangle = rectangle
        rectangle.x -= part?.x ?? 0
        rectangle.y -= part?.y ?? 0
        guard let inside = geometry.inputRectangle(rectangle) else { return nil }
        let left = Int(inside.x.rounded(.down))
        let top = Int(inside.y.rounded(.down))
        return PixelBox(
            x: left, y: top, width: min(Int((inside.x + inside.width).rounded(.up)), geometry.inputWidth) - left,
            height: min(Int((inside.y + inside.height).rounded(.up)), geometry.inputHeight) - top)
    }

    /// The rectangle of the bitmap that a part of the input shows; nil where that is padding.
    func bitmapRectangle(_ box: PixelBox) -> PixelRectangle? {
        guard var inside = geometry.photoRectangle(PixelRectangle(box)) else { return nil }
        inside.x += part?.x ?? 0
        inside.y += part?.y ?? 0
        return inside
    }

    /// A mask over the bitmap, brought onto the input.
    ///
    /// - Returns: over the input, which pixels belong to the mask, and which show the photo and are no padding.
    /// - Throws: `sizeMismatch` where the input has no pixels.
    func inputMasks(_ mask: PixelMask) throws(LocalizationError) -> (mask: PixelMask, shown: PixelMask) {
        let columns = (0..<geometry.inputWidth).map { x in
            place(x, geometry.scaleX, geometry.offsetX, of: geometry.photoWidth, from: part?.x, in: mask.width)
        }
        let rows = (0..<geometry.inputHeight).map { y in
            place(y, geometry.scaleY, geometry.offsetY, of: geometry.photoHeight, from: part?.y, in: mask.height)
        }
        var pixels: [Bool] = [], shown: [Bool] = []
        for row in rows {
            for column in columns {
                shown.append(row != nil && column != nil)
                if let row, let column {
                    pixels.append(mask.pixels[row * mask.width + column])
                } else {
                    pixels.append(false)
                }
            }
        }
        return (
            try PixelMask(width: geometry.inputWidth, height: geometry.inputHeight, pixels: pixels),
            try PixelMask(width: geometry.inputWidth, height: geometry.inputHeight, pixels: shown)
        )
    }

    /// The row or column of the bitmap under the centre of one of the input; nil for padding.
    private func place(
        _ position: Int, _ scale: Double, _ offset: Double, of extent: Int, from start: Double?, in bitmap: Int
    ) -> Int? {
        let inside = (Double(position) + 0.5 - offset) / scale
        guard inside >= 0, inside < Double(extent) else { return nil }
        return min(Int(inside + (start ?? 0).rounded()), bitmap - 1)
    }
}
