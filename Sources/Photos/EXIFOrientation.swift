/// How the camera was held: the TIFF tag Orientation (274) of an EXIF block (JEITA CP-3451, 4.6.4).
enum EXIFOrientation: Int {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    /// Stored rows are upright columns.
    case transposed = 5
    case turnedLeft = 6
    case transversed = 7
    case turnedRight = 8

    /// Whether the upright picture is as wide as the stored one is high.
    var swapsSides: Bool { rawValue >= 5 }

    /// The part of the upright picture that the stored rows from `row` on become.
    ///
    /// - Parameters:
    ///   - row: 0…`height`.
    ///   - width, height: of the stored picture, in pixels.
    /// - Returns: in pixels of the upright picture.
    func rectangle(ofRowsFrom row: Int, width: Int, height: Int) -> PixelRectangle {
        let (first, count, across) = (Double(row), Double(height - row), Double(width))
        switch self {
        case .upright, .mirrored: return PixelRectangle(x: 0, y: first, width: across, height: count)
        case .upsideDown, .mirroredUpsideDown: return PixelRectangle(x: 0, y: 0, width: across, height: count)
        case .transposed, .turnedRight: return PixelRectangle(x: first, y: 0, width: count, height: across)
        case .turnedLeft, .transversed: return PixelRectangle(x: 0, y: 0, width: count, height: across)
        }
    }

    /// Reads the payload of an APP1 segment; `nil` where it is no EXIF block or says nothing that makes sense.
    init?(segment: BoundedBytes) {
        guard let tiff = TIFFDirectory.structure(inSegment: segment) else { return nil }
        self.init(tiff: tiff)
    }

    /// Reads a TIFF structure; `nil` where it makes no sense or says nothing. An entry whose value makes no sense is passed
    /// over.
    init?(tiff: BoundedBytes) {
        let entries = TIFFDirectory(tiff)?.entries(tagged: 274) ?? []
        guard let value = entries.lazy.flatMap(\.integers).compactMap(EXIFOrientation.init(rawValue:)).first else {
            return nil
        }
        self = value
    }
}
