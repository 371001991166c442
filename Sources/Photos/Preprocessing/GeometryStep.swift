/// One step on the way from the upright photo to the network's picture. Steps are data, so that sizes and places can be
/// worked out without a pixel.
public enum GeometryStep: Hashable, Codable, Sendable {
    case resize(ResizeRule, filter: ResamplingFilter)
    /// The middle of the picture; where the picture is smaller, it is padded with black.
    case crop(CropRule)
    case pad(PadRule)
}

/// What size a picture gets.
public struct ResizeRule: Hashable, Codable, Sendable {
    public enum Target: Hashable, Codable, Sendable {
        case unchanged
        case exact(width: Int, height: Int)
        /// The shorter side becomes `length`, the longer one is cut off to whole pixels (torchvision's rule).
        case shortestEdge(Int)
        /// As ``shortestEdge(_:)``, but the longer side is not to exceed `longest`; then that rules, with the rounding of
        /// DETR's `get_size_with_aspect_ratio`.
        case edges(shortest: Int, longest: Int)
        /// Both sides rounded to the nearest pixel, as ViLT has it; nothing is longer than `longest`.
        case roundedEdges(shortest: Int, longest: Int)
        /// The longer side becomes `length`, the shorter one is rounded (SAM's rule).
        case longestEdge(Int)
        /// The largest of this aspect that fits into the frame.
        case within(width: Int, height: Int, rounding: Rounding)
        /// The smallest of this aspect that covers the frame, rounded (timm's `ResizeKeepRatio`).
        case covering(width: Int, height: Int)
        /// As ``within(width:height:rounding:)`` to the nearest pixel, but small pictures stay small.
        case reducedTo(width: Int, height: Int)
        /// Not larger than the frame (Donut's thumbnail).
        case thumbnail(width: Int, height: Int)
        /// DPT's rule: to the frame, or by that one of the two scales that changes less; multiples of `multiple`.
        case multiples(width: Int, height: Int, multiple: Int, keepsAspect: Bool)
    }

    public enum Rounding: Hashable, Codable, Sendable {
        case down
        /// To the nearest, halves to even, as Python's `round` does.
        case nearest
    }

    public enum Multiple: Hashable, Codable, Sendable {
        case up(Int)
        case down(Int)
    }

    public var target: Target
    /// What both sides are made a multiple of afterwards.
    public var multiple: Multiple?

    public init(_ target: Target, multiple: Multiple? = nil) {
        self.target = target
        self.multiple = multiple
    }

    /// The new size of a picture of `width` × `height`.
    ///
    /// - Throws: `PhotoError.invalidSize` where a side would be 0 or too long.
    func size(width: Int, height: Int) throws(PhotoError) -> (width: Int, height: Int) {
        var (newWidth, newHeight) = self.sides(Double(width), Double(height))
        switch multiple {
        case .up(let divisor)?:
            newWidth = (newWidth / Double(divisor)).rounded(.up) * Double(divisor)
            newHeight = (newHeight / Double(divisor)).rounded(.up) * Double(divisor)
        case .down(let divisor)?:
            newWidth = (newWidth / Double(divisor)).rounded(.down) * Double(divisor)
            newHeight = (newHeight / Double(divisor)).rounded(.down) * Double(divisor)
        case nil: break
        }
        let range = 1.0...Double(PreprocessorConfiguration.longestSide)
        // A picture that is not resized may be as large as a photo.
        guard newWidth >= 1, newHeight >= 1, target == .unchanged || max(newWidth, newHeight) <= range.upperBound else {
            throw .invalidSize(
                reason: "a photo of \(width)×\(height) pixels would become \(newWidth)×\(newHeight), and sides of 1 to "
                    + "\(PreprocessorConfiguration.longestSide) are possible")
        }
        return (Int(newWidth), Int(newHeight))
    }

    /// In whole numbers. Doubles hold every product of two sides exactly.
    private func sides(_ width: Double, _ height: Double) -> (width: Double, height: Double) {
        let (short, long) = (min(width, height), max(width, height))
        func turned(_ newShort: Double, _ newLong: Double) -> (width: Double, height: Double) {
            width <= height ? (newShort, newLong) : (newLong, newShort)
        }
        switch target {
        case .unchanged: return (width, height)
        case .exact(let width, let height): return (Double(width), Double(height))
        case .shortestEdge(let length):
            return turned(Double(length), (Double(length) * long / short).rounded(.down))
        case .edges(let shortest, let longest):
            guard long / short * Double(shortest) > Double(longest) else {
                return turned(Double(shortest), (Double(shortest) * long / short).rounded(.down))
            }
            let exact = Double(longest) * short / long
            return turned(exact.rounded(.toNearestOrEven), (exact * long / short).rounded(.down))
        case .roundedEdges(let shortest, let longest):
            let scale = Double(shortest) / short
            var (newShort, newLong) = (Double(shortest), scale * long)
            if newLong > Double(longest) {
                newShort *= Double(longest) / newLong
                newLong = Double(longest)
            }
            return turned((newShort + 0.5).rounded(.down), (newLong + 0.5).rounded(.down))
        case .longestEdge(let length):
            let scale = Double(length) / long
            return ((width * scale + 0.5).rounded(.down), (height * scale + 0.5).rounded(.down))
        case .within(let frameWidth, let frameHeight, let rounding):
            let scale = min(Double(frameHeight) / height, Double(frameWidth) / width)
            switch rounding {
            case .down: return ((width * scale).rounded(.down), (height * scale).rounded(.down))
            case .nearest:
                return ((width * scale).rounded(.toNearestOrEven), (height * scale).rounded(.toNearestOrEven))
            }
        case .reducedTo(let frameWidth, let frameHeight):
            let scale = min(Double(frameHeight) / height, Double(frameWidth) / width, 1)
            return ((width * scale).rounded(.toNearestOrEven), (height * scale).rounded(.toNearestOrEven))
        case .covering(let frameWidth, let frameHeight):
            let ratio = min(height / Double(frameHeight), width / Double(frameWidth))
            return ((width / ratio).rounded(.toNearestOrEven), (height / ratio).rounded(.toNearestOrEven))
        case .thumbnail(let frameWidth, let frameHeight):
            let (newWidth, newHeight) = (min(width, Double(frameWidth)), min(height, Double(frameHeight)))
            if newWidth == width, newHeight == height { return (width, height) }
            if height > width { return ((width * newHeight / height).rounded(.down), newHeight) }
            return width > height ? (newWidth, (height * newWidth / width).rounded(.down)) : (newWidth, newHeight)
        case .multiples(let frameWidth, let frameHeight, let multiple, let keepsAspect):
            var (scaleX, scaleY) = (Double(frameWidth) / width, Double(frameHeight) / height)
            if keepsAspect {
                if abs(1 - scaleX) < abs(1 - scaleY) { scaleY = scaleX } else { scaleX = scaleY }
            }
            let unit = Double(multiple)
            return (
                (scaleX * width / unit).rounded(.toNearestOrEven) * unit,
                (scaleY * height / unit).rounded(.toNearestOrEven) * unit
            )
        }
    }

    /// A size that no resized picture falls below, whatever the photo; nil where that depends on it.
    var leastSize: (width: Int, height: Int)? {
        switch target {
        case .exact(let width, let height), .covering(let width, let height): (width, height)
        case .shortestEdge(let length): (length, length)
        // Not less, and of a long photo more than needed.
        case .edges(_, let longest), .roundedEdges(_, let longest), .longestEdge(let longest): (longest, longest)
        case .within(let width, let height, _), .reducedTo(let width, let height):
            (max(width, height), max(width, height))
        case .unchanged, .multiples, .thumbnail: nil
        }
    }
}

/// The middle of a picture.
public struct CropRule: Hashable, Codable, Sendable {
    public enum Size: Hashable, Codable, Sendable {
        case exact(width: Int, height: Int)
        /// Shares of the picture's shorter side, cut off to whole pixels (Perceiver's rule).
        case ofShorterSide(width: Double, height: Double)
    }

    /// Where the odd pixel goes.
    public enum Rounding: Hashable, Codable, Sendable {
        /// Hugging Face's: a crop takes it off the far side, a padding adds it to the near side.
        case far
        /// torchvision's: a crop rounds half its surplus to even, a padding adds it to the far side.
        case even
    }

    public var size: Size
    public var rounding: Rounding
    /// What padding looks like, where the picture is smaller: red, green, blue.
    public var fill = RGBColor.black

    public init(_ size: Size, rounding: Rounding = .far, fill: RGBColor = .black) {
        self.size = size
        self.rounding = rounding
        self.fill = fill
    }

    func size(width: Int, height: Int) throws(PhotoError) -> (width: Int, height: Int) {
        switch size {
        case .exact(let width, let height): return (width, height)
        case .ofShorterSide(let across, let down):
            let short = Double(min(width, height))
            let (newWidth, newHeight) = (Int(across * short), Int(down * short))
            try PictureSize.check(newWidth, newHeight)
            return (newWidth, newHeight)
        }
    }

    /// The position of the picture's first pixel in the crop, along one axis.
    func offset(length: Int, crop: Int) -> Int {
        let surplus = length - crop
        switch rounding {
        case .far: return surplus >= 0 ? -(surplus / 2) : (1 - surplus) / 2
        case .even:
            return surplus >= 0 ? -Int((Double(surplus) / 2).rounded(.toNearestOrEven)) : -surplus / 2
        }
    }
}

/// A frame around a picture.
public struct PadRule: Hashable, Codable, Sendable {
    public enum Size: Hashable, Codable, Sendable {
        case exact(width: Int, height: Int)
        case multiple(of: Int)
        /// As wide and as high as the longer side.
        case square
    }

    public enum Anchor: Hashable, Codable, Sendable {
        /// The picture lies at the top left.
        case topLeft
        /// In the middle, the odd pixel at the far side.
        case center
    }

    public enum Fill: Hashable, Codable, Sendable {
        case color(RGBColor)
        /// 0 after normalization, as Hugging Face pads; only as the last step.
        case zero
    }

    public var size: Size
    public var anchor: Anchor
    public var fill: Fill

    public init(_ size: Size, anchor: Anchor, fill: Fill) {
        self.size = size
        self.anchor = anchor
        self.fill = fill
    }

    func size(width: Int, height: Int) throws(PhotoError) -> (width: Int, height: Int) {
        switch size {
        case .exact(let frameWidth, let frameHeight):
            guard width <= frameWidth, height <= frameHeight else {
                throw .invalidSize(
                    reason: "a picture of \(width)×\(height) pixels cannot be padded to \(frameWidth)×\(frameHeight)")
            }
            return (frameWidth, frameHeight)
        case .multiple(let divisor):
            return ((width + divisor - 1) / divisor * divisor, (height + divisor - 1) / divisor * divisor)
        case .square: return (max(width, height), max(width, height))
        }
    }
}
