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
        var picture = base.dimmed(to: Self.dimming, under: grey)
        let lines = LineWidths(width: base.width, height: base.height)
        if let missing { picture.hatch(missing, period: lines.hatchPeriod, light: style.hatchDark.red) }
        let writer = PlateWriter(font: font, width: base.width, height: base.height)
        var layout = PlateLayout(width: base.width, height: base.height, frames: [], margin: max(lines.halo * 2, 2))
        layout.place(writer.verdict(OverlayVerdict(words: title)), kind: .verdict, near: .topLeft)
        let scale = LegendEntry(symbol: .greyScale, before: OverlayWords("nothing", "nothing", "0"), after: most)
        layout.place(writer.legend([scale], details: OverlayWords()), kind: .legend, near: .bottomLeft)
        for plate in layout.plates {
            var canvas = Canvas(try picture.colored(plate.rectangle))
            canvas.draw(plate.atOrigin, font: font, style: style, border: lines.halo)
            picture.paste(canvas.bitmap, x: Int(plate.rectangle.x), y: Int(plate.rectangle.y))
        }
        return picture
    }
}

extension Plate {
    /// Alone on a picture of its size.
    fileprivate var atOrigin: Plate {
        Plate(
            kind: kind, rectangle: PixelRectangle(x: 0, y: 0, width: rectangle.width, height: rectangle.height),
            body: body, group: group)
    }
}

extension GreyBitmap {
    /// The same in three channels, of the part inside of a rectangle of whole pixels.
    fileprivate func colored(_ part: PixelRectangle) throws(PhotoError) -> Bitmap {
        guard let range = PixelRange(part, width: width, height: height) else {
            throw .invalidSize(reason: "\(part) lies outside of the \(width)×\(height) picture")
        }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(range.rows.count * range.columns.count * 3)
        for row in range.rows {
            for sample in self.pixels[row * width + range.columns.lowerBound..<row * width + range.columns.upperBound] {
                pixels.append(sample)
                pixels.append(sample)
                pixels.append(sample)
            }
        }
        return Bitmap(trustedWidth: range.columns.count, height: range.rows.count, pixels: pixels)
    }

    /// Puts a grey picture in three channels where it lies inside of this one.
    fileprivate mutating func paste(_ picture: Bitmap, x: Int, y: Int) {
        let width = width
        picture.pixels.withUnsafeBufferPointer { source in
            pixels.withUnsafeMutableBufferPointer { target in
                for row in 0..<picture.height {
                    for column in 0..<picture.width {
                        target[(y + row) * width + x + column] = source[(row * picture.width + column) * 3]
                    }
                }
            }
        }
    }

    /// As ``Canvas/hatch(_:period:light:dark:)``, on black.
    fileprivate mutating func hatch(_ rectangle: PixelRectangle, period: Int, light: UInt8) {
        guard let range = PixelRange(rectangle, width: width, height: height) else { return }
        for row in range.rows {
            for column in range.columns {
                pixels[row * width + column] = (row + column) % max(period, 2) * 2 < max(period, 2) ? light : 0
            }
        }
    }
}

extension Bitmap {
    /// The picture in grey, darker, with a grey map of the same size over it: ITU-R 601 luma times `share` where the map
    /// is black, white where it is white.
    fileprivate func dimmed(to share: Double, under map: GreyBitmap) -> GreyBitmap {
        // 19595 + 38470 + 7471 = 65536, Pillow's fixed point of the luma's weights.
        let dims = (0..<256).map { Int32((Double($0) * share).rounded()) }
        let count = width * height
        let samples = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                map.pixels.withUnsafeBufferPointer { values in
                    dims.withUnsafeBufferPointer { dims in
                        for index in 0..<count {
                            let luma =
                                (Int32(source[index * 3]) &* 19595 &+ Int32(source[index * 3 + 1]) &* 38470
                                    &+ Int32(source[index * 3 + 2]) &* 7471 &+ 0x8000) >> 16
                            let dim = dims[Int(luma)]
                            // Exact to the nearest: 0x8081 / 2²³ is 1/255.
                            let above = (((255 &- dim) &* Int32(values[index]) &+ 127) &* 0x8081) >> 23
                            target[index] = UInt8(truncatingIfNeeded: dim &+ above)
                        }
                    }
                }
            }
            initialized = count
        }
        return GreyBitmap(trustedWidth: width, height: height, pixels: samples)
    }
}
