internal import Foundation

/// Which camera took a photo: the TIFF tags Make (271) and Model (272) of an EXIF block (JEITA CP-3451, 4.6.4).
enum EXIFCamera {
    /// Longer names are cut.
    private static let longest = 64

    /// Maker and model, with the maker once where the model's name begins with it; `nil` where the segment says neither.
    ///
    /// - Parameter segment: the payload of an APP1 segment.
    static func name(inSegment segment: BoundedBytes) -> String? {
        guard let tiff = TIFFDirectory.structure(inSegment: segment), let directory = TIFFDirectory(tiff) else {
            return nil
        }
        let (make, model) = (text(271, of: directory), text(272, of: directory))
        guard let make else { return model }
        guard let model else { return make }
        let isNamedTwice = model.lowercased().hasPrefix(make.lowercased())
        return String((isNamedTwice ? model : "\(make) \(model)").prefix(longest))
    }

    private static func text(_ tag: UInt16, of directory: TIFFDirectory) -> String? {
        directory.entries(tagged: tag).lazy.compactMap(\.text)
            .map { $0.components(separatedBy: .controlCharacters).joined().trimmingCharacters(in: .whitespaces) }
            .first { !$0.isEmpty }
            .map { String($0.prefix(longest)) }
    }
}
