internal import CPNG
import Foundation
public import WireProtocol

/// Masks that lie as PNG files in a folder, under the photos' names: label maps (VOC's `SegmentationObject`, the Oxford pets'
/// trimaps) and black and white pictures.
public enum MaskPictures {
    /// VOC's value for what is nobody's.
    private static let void: UInt8 = 255

    /// Gives each photo the mask that lies in `folder` under its name, `dogs/IMG_1.jpg` as `dogs/IMG_1.png` or `IMG_1.png`.
    ///
    /// - Parameters:
    ///   - values: which values of a label map are the object; where empty, all but 0 and, with a palette, 255. Of pictures in
    ///     colour the object is what is brighter than half.
    /// - Throws: `TruthError` where a mask cannot be read, no photo has one, or a picture in colour has no values to choose.
    public static func add(
        to photos: [TruePhoto], from folder: String, values: Set<UInt8> = []
    ) throws(TruthError) -> [TruePhoto] {
        var photos = photos
        var found = 0
        for index in photos.indices {
            let stem = TruthFile.stem(photos[index].file)
            let names = stem.hasPrefix("/") ? [] : ["\(stem).png"]
            let base = stem.split(separator: "/").last.map { "\($0).png" }
            guard
                let path = (names + [base].compactMap { $0 }).map({ "\(folder)/\($0)" }).first(where: {
                    FileManager.default.fileExists(atPath: $0)
                })
            else { continue }
            photos[index].mask = try mask(at: path, values)
            found += 1
        }
        guard found > 0 else {
            throw TruthError(folder, "no photo has a mask there; masks are PNG files under the photos' names")
        }
        return photos
    }

    /// Of one mask.
    private static let mostPixels = 1 << 28

    private static func mask(
        at path: String, _ values: Set<UInt8>
    ) throws(TruthError) -> SegmentResult.RunLengths {
        let file = try TruthFile.contents(of: path)
        let picture = try file.withUnsafeBytes { bytes in
            Result { () throws(TruthError) in try Self.picture(in: bytes, path, values) }
        }.get()
        let object = (0...UInt8.max).map { value in
            switch picture.kind {
            case .colour: value >= 128
            case .grey: values.isEmpty ? value != 0 : values.contains(value)
            case .palette: values.isEmpty ? value != 0 && value != void : values.contains(value)
            }
        }
        let (width, height) = (picture.width, picture.height)
        var columns = [Bool](repeating: false, count: width * height)
        for x in 0..<width {
            for y in 0..<height { columns[x * height + y] = object[Int(picture.samples[y * width + x])] }
        }
        return PolygonMask.runs(columns, size: [height, width])
    }

    private enum Kind { case palette, grey, colour }

    /// The file's samples: its own values where it has a palette or is in grey, else how bright each pixel is.
    private static func picture(
        in bytes: UnsafeRawBufferPointer, _ path: String, _ values: Set<UInt8>
    ) throws(TruthError) -> (kind: Kind, width: Int, height: Int, samples: [UInt8]) {
        var image = png_image()
        image.version = cpng_image_version
        defer { png_image_free(&image) }
        guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
            throw TruthError(path, "it is no PNG file: \(image.words)")
        }
        let (width, height) = (Int(image.width), Int(image.height))
        guard width * height <= mostPixels else { throw TruthError(path, "\(width)×\(height) pixels are too many") }
        guard image.format & cpng_linear == 0 else {
            throw TruthError(path, "it has 16 bits a sample; write label maps with 8")
        }
        let kind: Kind =
            image.format & cpng_palette != 0 ? .palette : image.format & cpng_colour == 0 ? .grey : .colour
        guard kind != .colour || values.isEmpty else {
            throw TruthError(
                path, "it is in colour, so values tell nothing; write a label map, in grey or with a palette")
        }
        // Read with a palette, a file that has one or is in grey keeps its own values.
        image.format = kind == .colour ? cpng_grey : cpng_rgb_palette
        var samples = [UInt8](repeating: 0, count: width * height)
        var palette = [UInt8](repeating: 0, count: 3 * 256)
        guard png_image_finish_read(&image, nil, &samples, 0, &palette) != 0 else {
            throw TruthError(path, "it is damaged: \(image.words)")
        }
        return (kind, width, height, samples)
    }
}

extension png_image {
    /// What the library says of a failure.
    fileprivate var words: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
