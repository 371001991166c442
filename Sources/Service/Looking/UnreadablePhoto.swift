package import Photos

/// What is wrong with a photo, and which one it is.
package struct UnreadablePhoto: Error, CustomStringConvertible {
    /// Its path, or "the photo" where only its bytes are known.
    package let photo: String
    package let error: PhotoError

    package init(_ photo: String, _ error: PhotoError) {
        self.photo = photo
        self.error = error
    }

    package var description: String { error.description }
}
