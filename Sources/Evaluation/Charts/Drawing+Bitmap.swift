public import Photos

extension Drawing {
    /// The drawing painted on white.
    ///
    /// - Throws: `PhotoError.invalidSize` where the drawing is larger than a picture may be.
    public func bitmap(_ font: Font) throws(PhotoError) -> Bitmap {
        var canvas = Canvas(try Bitmap(width: width, height: height, color: .white))
        for mark in marks {
            switch mark {
            case .rectangle(let x, let y, let width, let height, let color):
                guard width > 0, height > 0 else { continue }
                canvas.fill(PixelRectangle(x: x, y: y, width: width, height: height), color: color)
            case .line(let from, let to, let thickness, let color):
                canvas.line(from: from, to: to, thickness: thickness, color: color)
            case .text(let words, let x, let y, let size, let anchor, let color):
                let width = Double(font.width(of: words, size: size))
                let left: Double
                switch anchor {
                case .start: left = x
                case .middle: left = x - width / 2
                case .end: left = x - width
                }
                // A line's baseline lies at about four fifths of its height.
                let top = y - Double(font.lineHeight(size: size)) * 0.8
                canvas.write(words, font: font, size: size, x: Int(left.rounded()), y: Int(top.rounded()), color: color)
            }
        }
        return canvas.bitmap
    }
}
