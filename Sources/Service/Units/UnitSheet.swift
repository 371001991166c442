import Digests
import Files
import Foundation
import Photos

/// A contact sheet: each photo with its patch outlined, and below it the patch by itself, enlarged.
struct UnitSheet {
    /// One photo of the sheet.
    struct Patch: Sendable {
        let path: FilePath
        let sha256: String
        let value: Float
        /// In pixels of the upright photo; nil for none.
        let rectangle: PixelRectangle?
    }

    let font: Font

    private static let cell = 224
    private static let gap = 12
    private static let textSize = 14
    private static let columns = 5
    private static let ink = RGBColor(red: 235, green: 238, blue: 242)
    private static let paper = RGBColor(red: 24, green: 28, blue: 33)
    private static let mark = RGBColor(red: 0, green: 229, blue: 255)

    /// - Throws: `FileError`, `PhotoError`; a photo that has changed since the index was asked is left out.
    func draw(_ title: String, _ patches: [Patch]) async throws -> Bitmap {
        let columns = min(patches.count, Self.columns)
        let rows = (patches.count + columns - 1) / columns
        let line = font.lineHeight(size: Self.textSize) + 4
        let header = line + Self.gap
        let rowHeight = 2 * Self.cell + 2 * line + 2 * Self.gap
        var canvas = Canvas(
            try Bitmap(
                width: max(columns * (Self.cell + Self.gap) + Self.gap, 480),
                height: header + rows * rowHeight + Self.gap,
                color: Self.paper))
        write(title, on: &canvas, x: Self.gap, y: Self.gap, width: canvas.bitmap.width - 2 * Self.gap)
        for (index, patch) in patches.enumerated() {
            let data = try await PhotoFile.read(patch.path)
            guard SHA256.hexDigest(of: data) == patch.sha256 else { continue }
            let photo = try PhotoDecoder.decode(
                data, for: .atLeast(inputWidth: 1, inputHeight: 1, longSide: PhotoInterpreter.pictureLongSide))
            let x = Self.gap + index % columns * (Self.cell + Self.gap)
            var y = header + index / columns * rowHeight
            let horizontal = Double(photo.bitmap.width) / Double(photo.width)
            let vertical = Double(photo.bitmap.height) / Double(photo.height)
            let rectangle = patch.rectangle.map {
                PixelRectangle(
                    x: $0.x * horizontal, y: $0.y * vertical, width: $0.width * horizontal, height: $0.height * vertical
                )
            }
            paste(photo.bitmap, outlining: rectangle, on: &canvas, x: x, y: y)
            y += Self.cell + Self.gap
            if let rectangle { paste(try photo.bitmap.crop(rectangle), outlining: nil, on: &canvas, x: x, y: y) }
            y += Self.cell + 4
            write(String(format: "%.4g", patch.value), on: &canvas, x: x, y: y, width: Self.cell)
            write(String(decoding: patch.path.name, as: UTF8.self), on: &canvas, x: x, y: y + line, width: Self.cell)
        }
        return canvas.bitmap
    }

    /// Into the middle of a cell, as large as fits.
    private func paste(
        _ picture: Bitmap, outlining rectangle: PixelRectangle?, on canvas: inout Canvas, x: Int, y: Int
    ) {
        let scale = Double(Self.cell) / Double(max(picture.width, picture.height))
        let width = max(Int((Double(picture.width) * scale).rounded()), 1)
        let height = max(Int((Double(picture.height) * scale).rounded()), 1)
        guard let small = try? picture.resized(toWidth: width, height: height, filter: .bicubic) else { return }
        let (left, top) = (x + (Self.cell - width) / 2, y + (Self.cell - height) / 2)
        canvas.paste(small, x: left, y: top)
        guard let rectangle else { return }
        let outline = PixelRectangle(
            x: Double(left) + rectangle.x * Double(width) / Double(picture.width),
            y: Double(top) + rectangle.y * Double(height) / Double(picture.height),
            width: rectangle.width * Double(width) / Double(picture.width),
            height: rectangle.height * Double(height) / Double(picture.height))
        canvas.outline(outline, thickness: 2, color: Self.mark)
    }

    /// Cut where it becomes too long.
    private func write(_ text: String, on canvas: inout Canvas, x: Int, y: Int, width: Int) {
        var shown = String(text.prefix(200))
        while font.width(of: shown, size: Self.textSize) > width, shown.count > 1 {
            shown = String(shown.dropLast(shown.hasSuffix("…") ? 2 : 1)) + "…"
        }
        canvas.write(shown, font: font, size: Self.textSize, x: x, y: y, color: Self.ink)
    }
}
