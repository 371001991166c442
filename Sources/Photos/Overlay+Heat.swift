public import Tensors

extension Overlay {
    /// A photo under a heat map that lies over all of it, without lines and words.
    ///
    /// - Parameter map: [h,w], 0…1, any resolution.
    /// - Throws: `PhotoError.invalidMap`, `.invalidSize`.
    public func heated(_ photo: Bitmap, by map: Tensor) throws(PhotoError) -> Bitmap {
        guard let placed = try PlacedMap(map, region: nil, width: photo.width, height: photo.height) else {
            return photo
        }
        var canvas = Canvas(photo)
        canvas.blend(placed, colors: style.colorMap.colors, opacities: style.opacities)
        return canvas.bitmap
    }
}
