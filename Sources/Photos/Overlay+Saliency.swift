public import Tensors

extension Overlay {
    /// How bright the photo is under a saliency map, as a share of its own brightness.
    private static let dimming = 0.35

    /// The map of ``SaliencyImage/grey(from:width:height:region:without:)`` over the photo in dark grey: where the map is
    /// black the photo is seen, where it is white only the map. With a title and the scale.
    ///
    /// - Parameters:
    ///   - map: [h, w] of values ≥ 0.
    ///   - photo: upright; a small one is enlarged to ``smallestLongSide``.
    ///   - region: where on the photo the map lies; `nil` for all of it.
    ///   - missing: what of the photo its file does not have: hatched.
    ///   - title: what the map shows.
    ///   - most: what white means.
    /// - Throws: `PhotoError.invalidMap` where the map is not a plane.
    public func saliency(
        _ map: Tensor, over photo: Bitmap, region: PixelRectangle? = nil, missing: PixelRectangle? = nil,
        title: OverlayWords, most: OverlayWords
    ) throws(PhotoError) -> GreyBitmap {
        let base = try photo.enlarged(toLongSide: Self.smallestLongSide)
        let horizontal = Double(base.width) / Double(photo.width)
        let vertical = Double(base.height) / Double(photo.height)
        let missing = missing?.scaled(horizontal: horizontal, vertical: vertical)
        let grey = try SaliencyImage.grey(
            from: map, width: base.width, height: base.height,
            region: region?.scaled(horizontal: horizontal, vertical: vertical), without: missing)
        var canvas = Canvas(base.dimmed(to: Self.dimming, under: grey))
        let lines = LineWidths(width: base.width, height: base.height)
        if let missing {
            canvas.hatch(missing, period: lines.hatchPeriod, light: style.hatchDark, dark: .black)
        }
        let writer = PlateWriter(font: font, width: base.width, height: base.height)
        var layout = PlateLayout(width: base.width, height: base.height, frames: [], margin: max(lines.halo * 2, 2))
        layout.place(writer.verdict(OverlayVerdict(words: title)), kind: .verdict, near: .topLeft)
        let scale = LegendEntry(symbol: .greyScale, before: OverlayWords("nothing", "nothing", "0"), after: most)
        layout.place(writer.legend([scale], details: OverlayWords()), kind: .legend, near: .bottomLeft)
        for plate in layout.plates { canvas.draw(plate, font: font, style: style, border: lines.halo) }
        return canvas.bitmap.firstChannel
    }
}

extension Bitmap {
    /// The picture in grey, darker, with a grey map of the same size over it: ITU-R 601 luma times `share` where the map
    /// is black, white where it is white.
    fileprivate func dimmed(to share: Double, under map: GreyBitmap) -> Bitmap {
        // 19595 + 38470 + 7471 = 65536, Pillow's fixed point of the luma's weights.
        let dims = (0..<256).map { Int((Double($0) * share).rounded()) }
        let count = width * height
        let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { target, initialized in
            self.pixels.withUnsafeBufferPointer { source in
                map.pixels.withUnsafeBufferPointer { values in
                    for index in 0..<count {
                        let luma =
                            (Int(source[index * 3]) * 19595 + Int(source[index * 3 + 1]) * 38470
                                + Int(source[index * 3 + 2]) * 7471 + 0x8000) >> 16
                        let dim = dims[luma]
                        let mixed = UInt8(truncatingIfNeeded: dim + ((255 - dim) * Int(values[index]) + 127) / 255)
                        (target[index * 3], target[index * 3 + 1], target[index * 3 + 2]) = (mixed, mixed, mixed)
                    }
                }
            }
            initialized = count * 3
        }
        return Bitmap(trustedWidth: width, height: height, pixels: pixels)
    }

    /// Of a picture whose three channels are the same.
    fileprivate var firstChannel: GreyBitmap {
        let count = width * height
        let samples = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in for index in 0..<count { target[index] = source[index * 3] } }
            initialized = count
        }
        return GreyBitmap(trustedWidth: width, height: height, pixels: samples)
    }
}
