internal import Foundation
internal import WireProtocol

/// Reads one kind of photo file. ``JPEGFormat`` is the example; ``PhotoFormats`` is the table of them.
protocol PhotoFormat: Sendable {
    /// Whether a file that begins like `bytes` is of this kind.
    func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool

    /// Reads the header; allocates nothing in proportion to the picture.
    ///
    /// - Parameter bytes: the whole file; they must outlive what is returned.
    /// - Throws: `PhotoError`; never traps, whatever the bytes.
    func open(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) -> any OpenPhoto
}

/// A photo file whose header has been read; for one decoding.
protocol OpenPhoto: AnyObject {
    /// Pixels of a row as stored, before the picture is turned upright.
    var width: Int { get }
    /// Rows as stored.
    var height: Int { get }
    /// How the stored picture must be turned to be upright.
    var orientation: EXIFOrientation { get }
    /// The ICC profile (ISO 15076-1) that the file carries.
    var colourProfile: Data? { get }
    /// The camera's maker and model, where the file says them.
    var camera: String? { get }
    /// Memory that decoding takes beside the pixels, whatever the scale, and what for.
    var workingMemory: (bytes: Int, purpose: String) { get }

    /// Chooses the scale for ``readRGB(maximumScans:)``.
    ///
    /// - Parameter eighths: 1…8, the smallest scale that serves. A format may choose a larger one.
    /// - Returns: the scale chosen, in eighths, and the size of the stored picture at it.
    func setScale(eighths: Int) throws(PhotoError) -> (eighths: Int, width: Int, height: Int)

    /// Decodes the picture, as stored, at the scale that was set.
    ///
    /// - Parameter maximumScans: how often a progressive file may walk over the whole picture.
    /// - Returns: interleaved 8-bit RGB, row after row, and what is wrong where the file is damaged and the picture not
    ///   all there.
    func readRGB(maximumScans: Int) throws(PhotoError) -> (pixels: [UInt8], damage: StoredDamage?)
}

/// The kinds of photo files that are read.
enum PhotoFormats {
    static let all = PhotoKind.allCases.map(reader)

    /// One row a kind; the compiler asks for it.
    private static func reader(of kind: PhotoKind) -> any PhotoFormat {
        switch kind {
        case .jpeg: JPEGFormat()
        }
    }

    /// Reads the header of a file of any kind.
    ///
    /// - Throws: `PhotoError`, `.unknownFormat` where the first bytes are of none.
    static func open(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) -> any OpenPhoto {
        guard let format = all.first(where: { $0.recognizes(bytes) }) else {
            throw .unknownFormat(kind: FileKind.describe(bytes))
        }
        return try format.open(bytes)
    }
}
