import Foundation
import Localization
import Photos
package import WireProtocol

extension AnimalSighting {
    /// What a person marked, on the bitmap.
    ///
    /// - Throws: `RPCError` where the mark does not fit the photo, or marks nothing of it.
    package init(_ mark: AnimalMark, on prepared: PreparedPhoto) throws(RPCError) {
        let photo = prepared.photo
        let mask: PixelMask
        do {
            switch mark {
            case .box(let box): mask = try Self.mask(box, of: photo)
            case .mask(let runs):
                guard runs.size.count == 2 else {
                    throw RPCError(
                        .badParameter, "animal: the mask's size should be [height, width], got \(runs.size)")
                }
                try Self.check(width: runs.size[1], height: runs.size[0], photo)
                mask = try RunLengthMask(width: runs.size[1], height: runs.size[0], counts: runs.counts)
                    .sampled(width: photo.bitmap.width, height: photo.bitmap.height)
            case .picture(let bytes): mask = try Self.mask(bytes, of: photo)
            }
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.badParameter, "animal: \(error)")
        }
        let sighting = AnimalSighting(byPerson: mask)
        guard !sighting.isEmpty else { throw RPCError(.badParameter, "animal: the mask marks no pixel of the photo") }
        self = sighting
    }

    /// The bitmap's pixels that a box touches.
    private static func mask(_ box: BoundingBox, of photo: DecodedPhoto) throws -> PixelMask {
        let numbers = [box.x, box.y, box.width, box.height]
        guard numbers.allSatisfy(\.isFinite), box.x >= 0, box.y >= 0, box.width > 0, box.height > 0,
            box.x + box.width <= Double(photo.width), box.y + box.height <= Double(photo.height)
        else {
            throw RPCError(
                .badParameter,
                "animal: the box should be x,y,width,height within the upright photo of \(photo.width)×\(photo.height) pixels, "
                    + "got \(numbers.map { $0.formatted }.joined(separator: ","))")
        }
        let (width, height) = (photo.bitmap.width, photo.bitmap.height)
        let (across, down) = (Double(width) / Double(photo.width), Double(height) / Double(photo.height))
        let inside = PixelBox(
            PixelRectangle(
                x: box.x * across, y: box.y * down, width: box.width * across, height: box.height * down))
        var pixels = [Bool](repeating: false, count: width * height)
        for y in inside.y..<min(inside.y + inside.height, height) {
            for x in inside.x..<min(inside.x + inside.width, width) { pixels[y * width + x] = true }
        }
        return try PixelMask(width: width, height: height, pixels: pixels)
    }

    /// A grey picture: over 127 where the animal is.
    private static func mask(_ bytes: Data, of photo: DecodedPhoto) throws -> PixelMask {
        let size = try PhotoDecoder.size(of: bytes)
        try check(width: size.width, height: size.height, photo)
        let decoded = try PhotoDecoder.decode(bytes)
        if let damage = decoded.damage {
            throw RPCError(.badParameter, "animal: the mask cannot be relied on: \(damage.sentence)")
        }
        let picture = decoded.bitmap
        let (width, height) = (photo.bitmap.width, photo.bitmap.height)
        var pixels = [Bool](repeating: false, count: width * height)
        for y in 0..<height {
            let row = (2 * y + 1) * picture.height / (2 * height) * picture.width
            for x in 0..<width {
                let pixel = 3 * (row + (2 * x + 1) * picture.width / (2 * width))
                let sum = picture.pixels[pixel..<pixel + 3].reduce(0) { $0 + Int($1) }
                pixels[y * width + x] = sum > 3 * 127
            }
        }
        return try PixelMask(width: width, height: height, pixels: pixels)
    }

    /// A mask may be of any size, but lies on the photo only where it has its proportions, to a pixel.
    private static func check(width: Int, height: Int, _ photo: DecodedPhoto) throws(RPCError) {
        let sides = 1...RunLengthMask.longestSide
        guard sides.contains(width), sides.contains(height),
            abs(width * photo.height - height * photo.width) <= max(photo.width, photo.height)
        else {
            throw RPCError(
                .badParameter,
                "animal: a mask of \(width)×\(height) pixels does not fit the upright photo of \(photo.width)×\(photo.height); "
                    + "it should have the same proportions")
        }
    }
}

extension Double {
    /// Without a fraction where it has none.
    fileprivate var formatted: String { Int(exactly: self).map(String.init) ?? String(self) }
}
