/// What is wrong with a photo that can be decoded all the same.
public struct PhotoDamage: Hashable, Sendable {
    /// Stable names for programs.
    public enum Kind: String, Hashable, Sendable {
        /// The file ends before the picture does: rows are missing.
        case rowsMissing = "rows-missing"
        /// The file ends before the last scans: all rows are there, but coarse or without colour.
        case coarse
        /// The file's data contradicts itself: parts of the picture may be wrong, nobody knows which.
        case wrongData = "wrong-data"
    }

    public let kind: Kind
    /// One sentence for people.
    public let sentence: String
    /// The part of the upright photo that is missing, in pixels at full size; `nil` where none is. It reaches from one
    /// edge to the opposite one: rows as stored, which lie on any side once the photo is turned upright.
    public let missing: PixelRectangle?

    /// ``missing`` on a bitmap of the photo, whole pixels: those of which anything is missing.
    ///
    /// - Parameters:
    ///   - photo: width and height of the upright photo at full size.
    public func missing(onBitmapOfWidth width: Int, height: Int, photo: (width: Int, height: Int)) -> PixelRectangle? {
        guard let missing, photo.width > 0, photo.height > 0 else { return nil }
        let scaled = missing.scaled(
            horizontal: Double(width) / Double(photo.width), vertical: Double(height) / Double(photo.height))
        let left = scaled.x.rounded(.down), top = scaled.y.rounded(.down)
        return PixelRectangle(
            x: left, y: top, width: (scaled.x + scaled.width).rounded(.up) - left,
            height: (scaled.y + scaled.height).rounded(.up) - top
        ).clipped(toWidth: width, height: height)
    }
}

/// What a format finds wrong with the picture as it is stored.
struct StoredDamage: Hashable {
    enum Kind: Hashable {
        case endsEarly
        /// With what the format's library said of it.
        case wrongData(String)
    }

    let kind: Kind
    /// Rows that are there; the height where none is missing.
    let readableRows: Int
}

extension PhotoDamage {
    /// - Parameters:
    ///   - width, height: of the stored picture at full size.
    init(_ stored: StoredDamage, of orientation: EXIFOrientation, width: Int, height: Int) {
        switch stored.kind {
        case .wrongData(let message):
            kind = .wrongData
            sentence = "the file is damaged, parts of the picture may be wrong: \(message)"
            missing = nil
        case .endsEarly where stored.readableRows >= height:
            kind = .coarse
            sentence =
                "the file ends early: all of the picture is there, but it is coarse or lacks colour; "
                + "copy the photo again"
            missing = nil
        case .endsEarly:
            let percent = stored.readableRows * 100 / max(height, 1)
            kind = .rowsMissing
            sentence =
                "the file ends early: \(percent) % of the picture is there, the rest is missing; "
                + "copy the photo again"
            missing = orientation.rectangle(ofRowsFrom: stored.readableRows, width: width, height: height)
        }
    }
}
