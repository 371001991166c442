/// Where the network's input lies on the photo: the photo is scaled, then shifted.
///
/// input = photo · scale + offset, for each axis, in pixels.
public struct InputGeometry: Hashable, Codable, Sendable {
    public let inputWidth: Int
    public let inputHeight: Int
    public let photoWidth: Int
    public let photoHeight: Int
    /// Input pixels for each photo pixel.
    public let scaleX: Double
    public let scaleY: Double
    /// Input position of the photo's corner: negative where a crop cut it off, positive where it was padded.
    public let offsetX: Double
    public let offsetY: Double

    init(
        inputWidth: Int, inputHeight: Int, photoWidth: Int, photoHeight: Int, scaleX: Double, scaleY: Double,
        offsetX: Double, offsetY: Double
    ) {
        self.inputWidth = inputWidth
        self.inputHeight = inputHeight
        self.photoWidth = photoWidth
        self.photoHeight = photoHeight
        self.scaleX = scaleX
        self.scaleY = scaleY
        self.offsetX = offsetX
        self.offsetY = offsetY
    }

    /// The whole input on the photo, in photo pixels: what the network saw. Padding reaches beyond the photo.
    public var visibleRegion: PixelRectangle {
        unclippedPhotoRectangle(
            PixelRectangle(x: 0, y: 0, width: Double(inputWidth), height: Double(inputHeight)))
    }

    /// A rectangle of the input in photo pixels, clipped to the photo; `nil` where nothing of it is on the photo.
    public func photoRectangle(_ rectangle: PixelRectangle) -> PixelRectangle? {
        unclippedPhotoRectangle(rectangle).clipped(toWidth: photoWidth, height: photoHeight)
    }

    /// A rectangle of the photo in input pixels, clipped to the input; `nil` where the network did not see it.
    public func inputRectangle(_ rectangle: PixelRectangle) -> PixelRectangle? {
        PixelRectangle(
            x: rectangle.x * scaleX + offsetX, y: rectangle.y * scaleY + offsetY, width: rectangle.width * scaleX,
            height: rectangle.height * scaleY
        ).clipped(toWidth: inputWidth, height: inputHeight)
    }

    /// The same geometry for another size of the same photo, such as the bitmap an overlay is drawn on.
    ///
    /// - Throws: `PhotoError.invalidSize` where a side is not in 1...`Bitmap.longestSide`.
    public func onPhoto(width: Int, height: Int) throws(PhotoError) -> InputGeometry {
        try PictureSize.checkSides(width, height)
        return InputGeometry(self, photoWidth: width, photoHeight: height)
    }

    private init(_ other: InputGeometry, photoWidth: Int, photoHeight: Int) {
        inputWidth = other.inputWidth
        inputHeight = other.inputHeight
        self.photoWidth = photoWidth
        self.photoHeight = photoHeight
        scaleX = other.scaleX * Double(other.photoWidth) / Double(photoWidth)
        scaleY = other.scaleY * Double(other.photoHeight) / Double(photoHeight)
        offsetX = other.offsetX
        offsetY = other.offsetY
    }

    private func unclippedPhotoRectangle(_ rectangle: PixelRectangle) -> PixelRectangle {
        PixelRectangle(
            x: (rectangle.x - offsetX) / scaleX, y: (rectangle.y - offsetY) / scaleY, width: rectangle.width / scaleX,
            height: rectangle.height / scaleY)
    }
}
