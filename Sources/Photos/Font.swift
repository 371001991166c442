internal import CFreeType
public import Foundation
internal import Synchronization

/// A TrueType font, for captions. Safe to share: FreeType's face is used by one caller at a time.
public final class Font: Sendable {
    /// The font that is looked for: DejaVu Sans Bold, which covers the Latin, Greek and Cyrillic scripts.
    public static let fileName = "DejaVuSans-Bold.ttf"
    /// Names a TrueType file to be used instead.
    public static let environmentVariable = "INTERPRETD_FONT"
    /// Where Linux distributions install DejaVu.
    public static let directories = [
        "/usr/share/fonts/truetype/dejavu",
        "/usr/share/fonts/dejavu-sans-fonts",
        "/usr/share/fonts/dejavu",
        "/usr/share/fonts/TTF",
        "/usr/local/share/fonts",
    ]

    public let file: String
    private let face: Mutex<FontFace>

    /// The font that ``environmentVariable`` names, else ``fileName`` in the first of `directories` that has it.
    ///
    /// - Throws: `PhotoError.fontNotFound` or `.fontUnusable`; a file that the environment names is never replaced by
    ///   another.
    public convenience init(
        environment: [String: String] = ProcessInfo.processInfo.environment, directories: [String] = Font.directories
    ) throws(PhotoError) {
        if let file = environment[Font.environmentVariable], !file.isEmpty {
            try self.init(file: file)
            return
        }
        let candidates = directories.map { $0 + "/" + Font.fileName }
        guard let file = candidates.first(where: FileManager.default.isReadableFile(atPath:)) else {
            throw .fontNotFound(searched: directories)
        }
        try self.init(file: file)
    }

    /// - Throws: `PhotoError.fontUnusable` where FreeType cannot read the file or it has no scalable outlines.
    public init(file: String) throws(PhotoError) {
        self.file = file
        face = Mutex(try FontFace(file: file))
    }

    /// Width of one line of text in pixels, at a font size in pixels per em.
    public func width(of text: String, size: Int) -> Int {
        let scalars = Self.printable(text)
        return face.withLock { $0.width(of: scalars, size: size) }
    }

    /// One line of text as coverage, 0...255: as wide as ``width(of:size:)`` and as high as the font's line.
    func line(_ text: String, size: Int) -> TextLine {
        let scalars = Self.printable(text)
        return face.withLock { $0.line(scalars, size: size) }
    }

    /// Height of a line in pixels: ascent and descent, without a gap.
    public func lineHeight(size: Int) -> Int {
        face.withLock { $0.lineHeight(size: size) }
    }

    /// Letters with their accents joined ("ü" as one character, as the font has it), control characters as spaces.
    private static func printable(_ text: String) -> [UInt32] {
        // Most text needs no more than this.
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text.utf8.map(UInt32.init) }
        return text.precomposedStringWithCanonicalMapping.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? 0x20 : scalar.value
        }
    }
}

/// Coverage of one line of text.
struct TextLine {
    let width: Int
    let height: Int
    /// `height` × `width` values, 255 where the letter covers the pixel.
    let coverage: [UInt8]
}

/// FreeType's library, one for each face: a library must not be used by two threads at once.
private final class FontLibrary {
    let handle: FT_Library

    init(file: String) throws(PhotoError) {
        var handle: FT_Library?
        guard FT_Init_FreeType(&handle) == 0, let handle else {
            throw .fontUnusable(file: file, reason: "FreeType does not start")
        }
        self.handle = handle
    }

    deinit { FT_Done_FreeType(handle) }
}

/// A FreeType face. Its methods change the face's size and glyph slot, hence the lock around it.
private final class FontFace {
    // Declared first, destroyed last: FreeType wants its faces gone before the library.
    private let library: FontLibrary
    private let handle: FT_Face

    init(file: String) throws(PhotoError) {
        library = try FontLibrary(file: file)
        var handle: FT_Face?
        let status = FT_New_Face(library.handle, file, 0, &handle)
        guard status == 0, let handle else {
            let readable = FileManager.default.isReadableFile(atPath: file)
            throw .fontUnusable(
                file: file, reason: readable ? "FreeType error \(status)" : "the file cannot be read")
        }
        guard handle.pointee.face_flags & FT_Long(FT_FACE_FLAG_SCALABLE) != 0 else {
            FT_Done_Face(handle)
            throw .fontUnusable(file: file, reason: "it has no outlines")
        }
        self.handle = handle
    }

    deinit { FT_Done_Face(handle) }

    func width(of scalars: [UInt32], size: Int) -> Int {
        var width = 0
        walk(scalars, size: size) { pen, glyph in width = max(width, (pen + glyph.advance + 63) >> 6) }
        return width
    }

    func lineHeight(size: Int) -> Int {
        let (ascent, descent) = extents(size: size)
        return ascent + descent
    }

    func line(_ scalars: [UInt32], size: Int) -> TextLine {
        let width = width(of: scalars, size: size)
        let (ascent, descent) = extents(size: size)
        let height = ascent + descent
        var coverage = [UInt8](repeating: 0, count: width * height)
        walk(scalars, size: size) { pen, glyph in
            let left = (pen + 32) >> 6 + glyph.left
            let top = ascent - glyph.top
            for row in 0..<glyph.rows where (0..<height).contains(top + row) {
                for column in 0..<glyph.width where (0..<width).contains(left + column) {
                    let index = (top + row) * width + left + column
                    coverage[index] = max(coverage[index], glyph.coverage[row * glyph.width + column])
                }
            }
        }
        return TextLine(width: width, height: height, coverage: coverage)
    }

    private func extents(size: Int) -> (ascent: Int, descent: Int) {
        setSize(size)
        guard let metrics = handle.pointee.size?.pointee.metrics else { return (size, 0) }
        return ((metrics.ascender + 63) >> 6, (63 - metrics.descender) >> 6)
    }

    private func setSize(_ size: Int) {
        FT_Set_Pixel_Sizes(handle, 0, FT_UInt(min(max(size, 1), 2000)))
    }

    /// Hands out one glyph after the other with the pen's position, in 1/64 pixel.
    private func walk(_ scalars: [UInt32], size: Int, _ body: (_ pen: Int, _ glyph: Glyph) -> Void) {
        setSize(size)
        let hasKerning = handle.pointee.face_flags & FT_Long(FT_FACE_FLAG_KERNING) != 0
        var pen = 0
        var previous: FT_UInt = 0
        for scalar in scalars {
            let glyph = glyph(scalar, size: size)
            if hasKerning, previous != 0, glyph.index != 0 {
                var kerning = FT_Vector()
                if FT_Get_Kerning(handle, previous, glyph.index, FT_KERNING_DEFAULT.rawValue, &kerning) == 0 {
                    pen += kerning.x
                }
            }
            body(pen, glyph)
            pen += glyph.advance
            previous = glyph.index
        }
    }

    /// A glyph as it is drawn; one that cannot be loaded is nothing, and takes no room.
    private struct Glyph {
        let index: FT_UInt
        /// To the next glyph, in 1/64 pixel.
        var advance = 0
        /// From the pen to the left edge, from the line's base up to the upper edge, in pixels.
        var left = 0
        var top = 0
        var width = 0
        var rows = 0
        /// `rows` × `width` values.
        var coverage: [UInt8] = []
    }

    private struct GlyphKey: Hashable {
        let scalar: UInt32
        let size: Int
    }

    /// What was loaded before: drawing a glyph takes FreeType far longer than copying it.
    private var glyphs: [GlyphKey: Glyph] = [:]
    private var glyphBytes = 0
    private static let mostGlyphBytes = 4 << 20

    /// The face must have the size already.
    private func glyph(_ scalar: UInt32, size: Int) -> Glyph {
        let key = GlyphKey(scalar: scalar, size: size)
        if let known = glyphs[key] { return known }
        var glyph = Glyph(index: FT_Get_Char_Index(handle, FT_ULong(scalar)))
        if FT_Load_Glyph(handle, glyph.index, cfreetype_load_rendered) == 0, let slot = handle.pointee.glyph?.pointee {
            glyph.advance = slot.advance.x
            let bitmap = slot.bitmap
            if let buffer = bitmap.buffer, bitmap.pixel_mode == UInt8(FT_PIXEL_MODE_GRAY.rawValue) {
                (glyph.left, glyph.top) = (Int(slot.bitmap_left), Int(slot.bitmap_top))
                (glyph.width, glyph.rows) = (Int(bitmap.width), Int(bitmap.rows))
                glyph.coverage = (0..<glyph.rows).flatMap { row in
                    UnsafeBufferPointer(start: buffer + row * Int(bitmap.pitch), count: glyph.width)
                }
            }
        }
        glyphBytes += glyph.coverage.count + 64
        if glyphBytes > Self.mostGlyphBytes {
            glyphs.removeAll()
            glyphBytes = glyph.coverage.count + 64
        }
        glyphs[key] = glyph
        return glyph
    }
}
