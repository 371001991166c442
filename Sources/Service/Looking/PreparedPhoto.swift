package import Photos
package import WireProtocol

/// A photo decoded for a network, and how bitmap, network input and full-size photo lie over one another.
package struct PreparedPhoto: Sendable {
    /// File name; nil where a client sent the bytes.
    let name: String?
    /// Of the file, lower-case hexadecimal.
    let sha256: String
    package let photo: DecodedPhoto
    let preprocessor: Preprocessor
    package let input: NetworkInput
    /// What the network sees, in pixels of the bitmap.
    package let region: PixelRectangle
    /// Since the photo's bytes were there.
    let watch: Stopwatch
    /// Milliseconds that decoding took.
    let decode: Double

    /// Long side of the pictures written, in pixels, where the photo is larger. Libjpeg halves until it comes close,
    /// so the pictures have one to two times this size.
    static let pictureLongSide = 960

    /// Decodes the photo once, at a scale that serves all the networks that are to see it.
    ///
    /// - Parameters:
    ///   - model: the network that it is prepared for.
    ///   - further: networks that it can be prepared for later, see ``prepared(for:)``.
    /// - Throws: `UnreadablePhoto`; `ModelStoreError` where a model's folder does not say how photos become input.
    package init(_ named: NamedPhoto, for model: LoadedModel, and further: [LoadedModel] = []) throws {
        var watch = Stopwatch()
        let target = try further.reduce(try PreparedPhoto.target(of: model)) { target, model in
            target.joined(with: try PreparedPhoto.target(of: model))
        }
        let preprocessor = try PreparedPhoto.preprocessor(of: model)
        (photo, input, region) = try named.naming {
            let photo = try PhotoDecoder.decode(named.bytes, for: target)
            let (input, region) = try PreparedPhoto.input(from: photo, preprocessor)
            return (photo, input, region)
        }
        self.preprocessor = preprocessor
        name = named.name
        sha256 = named.sha256
        decode = watch.lap()
        self.watch = watch
    }

    /// The same photo for another network, without decoding it again.
    ///
    /// - Throws: `PhotoError`, `ModelStoreError`.
    package func prepared(for model: LoadedModel) throws -> PreparedPhoto {
        try PreparedPhoto(self, for: model)
    }

    private init(_ other: PreparedPhoto, for model: LoadedModel) throws {
        (name, sha256, photo) = (other.name, other.sha256, other.photo)
        (watch, decode) = (other.watch, other.decode)
        preprocessor = try PreparedPhoto.preprocessor(of: model)
        (input, region) = try PreparedPhoto.input(from: photo, preprocessor)
    }

    private static func preprocessor(of model: LoadedModel) throws(ModelStoreError) -> Preprocessor {
        guard let preprocessor = model.preprocessor else { throw .cannotReadPhotos(model.name) }
        return preprocessor
    }

    private static func target(of model: LoadedModel) throws(ModelStoreError) -> DecodeTarget {
        try preprocessor(of: model).configuration.decodeTarget(overlayLongSide: pictureLongSide)
    }

    private static func input(
        from photo: DecodedPhoto, _ preprocessor: Preprocessor
    ) throws(PhotoError) -> (NetworkInput, PixelRectangle) {
        do throws(PhotoError) {
            let input = try preprocessor.input(from: photo)
            let geometry = try input.geometry.onPhoto(width: photo.bitmap.width, height: photo.bitmap.height)
            let region = geometry.visibleRegion
            // Maps are drawn over all that the network saw, padding too.
            let (longest, largest) = (Double(Bitmap.longestSide), Double(Bitmap.largestCount))
            guard max(region.width, region.height) <= longest, region.width * region.height <= largest else {
                throw .extremeShape(width: photo.width, height: photo.height)
            }
            return (input, region)
        } catch .invalidSize where max(photo.width, photo.height) / max(min(photo.width, photo.height), 1) > 20 {
            // A strip that becomes too long when its short side is brought to the network's.
            throw .extremeShape(width: photo.width, height: photo.height)
        }
    }

    /// A rectangle of the bitmap in pixels of the full-size upright photo, at least one along each side.
    package func boundingBox(_ rectangle: PixelRectangle) -> BoundingBox {
        let horizontal = Double(photo.width) / Double(photo.bitmap.width)
        let vertical = Double(photo.height) / Double(photo.bitmap.height)
        func edges(_ start: Double, _ extent: Double, of length: Int) -> (start: Double, extent: Double) {
            let first = min(max(start.rounded(), 0), Double(length - 1))
            return (first, max(min((start + extent).rounded(), Double(length)) - first, 1))
        }
        let across = edges(rectangle.x * horizontal, rectangle.width * horizontal, of: photo.width)
        let down = edges(rectangle.y * vertical, rectangle.height * vertical, of: photo.height)
        return BoundingBox(x: across.start, y: down.start, width: across.extent, height: down.extent)
    }
}

extension DecodeTarget {
    /// What serves both.
    package func joined(with other: DecodeTarget) -> DecodeTarget {
        guard case .atLeast(let width, let height, let longSide) = self,
            case .atLeast(let otherWidth, let otherHeight, let otherLongSide) = other
        else { return .fullScale }
        return .atLeast(
            inputWidth: max(width, otherWidth), inputHeight: max(height, otherHeight),
            longSide: max(longSide, otherLongSide))
    }
}
