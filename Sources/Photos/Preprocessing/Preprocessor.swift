internal import Foundation
public import Tensors

/// Turns photos into a network's input, number for number as the libraries do with Pillow.
public struct Preprocessor: Sendable {
    public let configuration: PreprocessorConfiguration
    /// For each channel, the input value of each of the 256 samples.
    private let values: [[Float]]

    public init(configuration: PreprocessorConfiguration) {
        self.configuration = configuration
        values = (0..<configuration.channels.count).map { channel in
            (0..<256).map { sample in
                // In the precision that Hugging Face computes in: float64 to rescale, float32 to normalize.
                var rescaled = Float(Double(sample) * configuration.rescaleFactor)
                if configuration.rescaleOffset != 0 { rescaled += Float(configuration.rescaleOffset) }
                guard let normalization = configuration.normalization else { return rescaled }
                let index = min(channel, normalization.mean.count - 1)
                return (rescaled - Float(normalization.mean[index])) / Float(normalization.standardDeviation[index])
            }
        }
    }

    /// The input for `bitmap`, with the geometry in pixels of the bitmap.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func input(from bitmap: Bitmap) throws(PhotoError) -> NetworkInput {
        try input(from: bitmap, photoWidth: bitmap.width, photoHeight: bitmap.height)
    }

    /// The input for `photo`, with the geometry in pixels of the full-size upright photo.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func input(from photo: DecodedPhoto) throws(PhotoError) -> NetworkInput {
        try input(from: photo.bitmap, photoWidth: photo.width, photoHeight: photo.height)
    }

    /// What ``input(from:)-(Bitmap)`` gives, as a pair.
    public func tensor(from bitmap: Bitmap) throws(PhotoError) -> (tensor: Tensor, geometry: InputGeometry) {
        let input = try input(from: bitmap)
        return (input.tensor, input.geometry)
    }

    private func input(from bitmap: Bitmap, photoWidth: Int, photoHeight: Int) throws(PhotoError) -> NetworkInput {
        // The sizes follow from the photo, not from the scale at which it was decoded.
        let route = try route(photoWidth: photoWidth, photoHeight: photoHeight)
        var picture = configuration.channels.isGrey ? bitmap.grey : bitmap
        var inside: PixelArea?
        if case .resize? = route.stages.first {
        } else if bitmap.width != photoWidth || bitmap.height != photoHeight {
            picture = try picture.resized(toWidth: photoWidth, height: photoHeight, filter: .bilinear)
        }
        for stage in route.stages {
            switch stage {
            case .resize(let width, let height, let filter):
                if width != picture.width || height != picture.height {
                    picture = try picture.resized(toWidth: width, height: height, filter: filter)
                }
            case .place(let width, let height, let x, let y, let fill):
                inside = fill == nil ? PixelArea(x: x, y: y, width: picture.width, height: picture.height) : nil
                picture = try picture.placed(onWidth: width, height: height, x: x, y: y, fill: fill ?? .black)
            }
        }
        return NetworkInput(tensor: try tensor(of: picture, inside: inside), geometry: route.geometry)
    }

    /// Where the input of a photo of this size lies on it, without the photo.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func geometry(photoWidth: Int, photoHeight: Int) throws(PhotoError) -> InputGeometry {
        try route(photoWidth: photoWidth, photoHeight: photoHeight).geometry
    }

    /// What is done to the pixels.
    private enum Stage {
        case resize(width: Int, height: Int, filter: ResamplingFilter)
        /// The picture comes to lie at (x, y) of a new one; a fill of nil is 0 after normalization.
        case place(width: Int, height: Int, x: Int, y: Int, fill: RGBColor?)
    }

    private func route(
        photoWidth: Int, photoHeight: Int
    ) throws(PhotoError) -> (stages: [Stage], geometry: InputGeometry) {
        try PictureSize.checkSides(photoWidth, photoHeight)
        var stages: [Stage] = []
        var (width, height) = (photoWidth, photoHeight)
        var (scaleX, scaleY, offsetX, offsetY) = (1.0, 1.0, 0.0, 0.0)
        func place(_ size: (width: Int, height: Int), _ x: Int, _ y: Int, _ fill: RGBColor?) throws(PhotoError) {
            try PictureSize.check(size.width, size.height)
            stages.append(.place(width: size.width, height: size.height, x: x, y: y, fill: fill))
            (offsetX, offsetY) = (offsetX + Double(x), offsetY + Double(y))
            (width, height) = size
        }
        for step in configuration.steps {
            switch step {
            case .resize(let rule, let filter):
                let size = try rule.size(width: width, height: height)
                let (x, y) = (Double(size.width) / Double(width), Double(size.height) / Double(height))
                (scaleX, scaleY, offsetX, offsetY) = (scaleX * x, scaleY * y, offsetX * x, offsetY * y)
                (width, height) = size
                stages.append(.resize(width: width, height: height, filter: filter))
            case .crop(let rule):
                let size = try rule.size(width: width, height: height)
                try place(
                    size, rule.offset(length: width, crop: size.width), rule.offset(length: height, crop: size.height),
                    rule.fill)
            case .pad(let rule):
                let size = try rule.size(width: width, height: height)
                let isCentered = rule.anchor == .center
                let fill: RGBColor? = if case .color(let color) = rule.fill { color } else { nil }
                try place(
                    size, isCentered ? (size.width - width) / 2 : 0, isCentered ? (size.height - height) / 2 : 0, fill)
            }
        }
        return (
            stages,
            InputGeometry(
                inputWidth: width, inputHeight: height, photoWidth: photoWidth, photoHeight: photoHeight,
                scaleX: scaleX, scaleY: scaleY, offsetX: offsetX, offsetY: offsetY)
        )
    }

    /// [1, C, H, W]; 0 outside of `inside`, where there is one.
    private func tensor(of bitmap: Bitmap, inside: PixelArea?) throws(PhotoError) -> Tensor {
        let samples = configuration.channels.samples
        let plane = bitmap.width * bitmap.height
        let shape: Shape
        do {
            shape = try Shape([1, samples.count, bitmap.height, bitmap.width])
        } catch {
            throw .invalidSize(reason: "\(error)")
        }
        return Tensor(shape: shape) { target in
            bitmap.pixels.withUnsafeBufferPointer { pixels in
                for (channel, sample) in samples.enumerated() {
                    values[channel].withUnsafeBufferPointer { values in
                        for row in 0..<bitmap.height {
                            let columns = inside?.columns(ofRow: row, width: bitmap.width) ?? 0..<bitmap.width
                            let start = channel * plane + row * bitmap.width
                            for column in columns {
                                let pixel = (row * bitmap.width + column) * 3
                                target[start + column] = sample == 3 ? values[255] : values[Int(pixels[pixel + sample])]
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A network's input and where it lies on the photo.
public struct NetworkInput: Sendable {
    /// [1, C, H, W]: planes of the network's channels.
    public let tensor: Tensor
    public let geometry: InputGeometry
}

/// A rectangle of whole pixels.
private struct PixelArea {
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    func columns(ofRow row: Int, width: Int) -> Range<Int> {
        guard (y..<y + height).contains(row) else { return 0..<0 }
        return max(x, 0)..<max(min(x + self.width, width), max(x, 0))
    }
}
