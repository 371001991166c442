import Foundation
import Photos
import Tensors
import WireProtocol

/// A photo decoded for a network, and how bitmap, network input and full-size photo lie over one another.
struct PreparedPhoto: Sendable {
    let photo: DecodedPhoto
    let preprocessor: Preprocessor
    let input: NetworkInput
    /// What the network sees, in pixels of the bitmap.
    let region: PixelRectangle

    /// - Throws: `PhotoError`; `ModelStoreError` where the model's folder does not say how photos become input.
    init(_ data: Data, for model: LoadedModel) throws {
        guard let preprocessor = model.preprocessor else { throw ModelStoreError.cannotReadPhotos(model.name) }
        self.preprocessor = preprocessor
        photo = try PhotoDecoder.decode(
            data, for: preprocessor.configuration.decodeTarget(overlayLongSide: PhotoInterpreter.pictureLongSide))
        input = try preprocessor.input(from: photo)
        region = try input.geometry.onPhoto(width: photo.bitmap.width, height: photo.bitmap.height).visibleRegion
    }

    /// A rectangle of the bitmap in pixels of the full-size upright photo.
    func boundingBox(_ rectangle: PixelRectangle) -> BoundingBox {
        let horizontal = Double(photo.width) / Double(photo.bitmap.width)
        let vertical = Double(photo.height) / Double(photo.bitmap.height)
        let left = (rectangle.x * horizontal).rounded()
        let top = (rectangle.y * vertical).rounded()
        let right = min(((rectangle.x + rectangle.width) * horizontal).rounded(), Double(photo.width))
        let bottom = min(((rectangle.y + rectangle.height) * vertical).rounded(), Double(photo.height))
        return BoundingBox(x: max(left, 0), y: max(top, 0), width: right - max(left, 0), height: bottom - max(top, 0))
    }
}
