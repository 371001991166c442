/// How a photo becomes a network's input, whoever has written it down: a pure description. Each way of writing has a
/// reader in a file of its own.
public struct PreprocessorConfiguration: Hashable, Codable, Sendable {
    /// From the upright photo to the network's picture.
    public var steps: [GeometryStep]
    /// What samples of 0...255 are multiplied by.
    public var rescaleFactor: Double
    /// Added after that.
    public var rescaleOffset: Double
    /// Per channel of the network, after rescaling; nil where nothing is normalized.
    public var normalization: Normalization?
    public var channels: ChannelOrder
    /// Whether the writer said that samples are rescaled, or left it to a default.
    public var saysRescaling: Bool

    public init(
        steps: [GeometryStep], rescaleFactor: Double = 1.0 / 255, rescaleOffset: Double = 0,
        normalization: Normalization? = nil, channels: ChannelOrder = .rgb, saysRescaling: Bool = true
    ) {
        self.steps = steps
        self.rescaleFactor = rescaleFactor
        self.rescaleOffset = rescaleOffset
        self.normalization = normalization
        self.channels = channels
        self.saysRescaling = saysRescaling
    }

    public struct Normalization: Hashable, Codable, Sendable {
        /// One value a channel.
        public var mean: [Double]
        /// One value above 0 a channel.
        public var standardDeviation: [Double]

        /// - Throws: `PhotoError.invalidConfiguration` where the two have not as many values, one is not finite, or a
        ///   deviation is not above 0.
        public init(
            mean: [Double], standardDeviation: [Double], keys: (mean: String, deviation: String) = ("mean", "std")
        ) throws(PhotoError) {
            guard [1, 3, 4].contains(mean.count), mean.allSatisfy(\.isFinite) else {
                throw .invalidConfiguration(
                    key: keys.mean, reason: "one number for each of 1, 3 or 4 channels is needed, got \(mean)")
            }
            guard standardDeviation.count == mean.count, standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
                throw .invalidConfiguration(
                    key: keys.deviation,
                    reason: "as many numbers above 0 as the mean has (\(mean.count)) are needed, "
                        + "got \(standardDeviation)")
            }
            self.mean = mean
            self.standardDeviation = standardDeviation
        }

        /// For a network of `count` channels: as it is, or the one value that all channels share.
        fileprivate func adapted(to count: Int) throws(PhotoError) -> Normalization {
            guard mean.count != count else { return self }
            guard Set(mean).count == 1, Set(standardDeviation).count == 1 else {
                throw .invalidConfiguration(
                    key: "image_mean",
                    reason: "it has \(mean.count) different values and the network takes \(count) "
                        + "channel\(count == 1 ? "" : "s"); write one value a channel")
            }
            var copy = self
            copy.mean = Array(repeating: mean[0], count: count)
            copy.standardDeviation = Array(repeating: standardDeviation[0], count: count)
            return copy
        }
    }

    /// The longest side that a network's input may have.
    public static let longestSide = 16_384

    /// The same for a network that takes `count` channels: one is grey, the fourth is opaque.
    ///
    /// - Throws: `PhotoError.invalidConfiguration` where photos do not give so many channels, or the normalization is for
    ///   another number of them.
    public func adapted(toChannels count: Int) throws(PhotoError) -> PreprocessorConfiguration {
        var copy = self
        switch (count, channels) {
        case (1, _): copy.channels = .grey
        case (3, .grey): copy.channels = .greyThrice
        case (3, .rgba): copy.channels = .rgb
        case (3, .bgra): copy.channels = .bgr
        case (3, _): break
        case (4, .bgr), (4, .bgra): copy.channels = .bgra
        case (4, .grey), (4, .greyThrice):
            throw .invalidConfiguration(key: "channels", reason: "a grey picture has no four channels")
        case (4, _): copy.channels = .rgba
        default:
            throw .invalidConfiguration(
                key: "channels", reason: "the network takes \(count) channels, and photos give 1, 3 or 4")
        }
        copy.normalization = try normalization.map { (values) throws(PhotoError) in try values.adapted(to: count) }
        return copy
    }

    /// How large a photo must be decoded so that this preprocessing, and an overlay of `overlayLongSide`, lose nothing.
    public func decodeTarget(overlayLongSide: Int) -> DecodeTarget {
        // A filter with hard edges would take others of a picture that is averaged already.
        guard case .resize(let rule, let filter)? = steps.first, let least = rule.leastSize,
            ![.nearest, .box, .sampledBilinear].contains(filter)
        else { return .fullScale }
        return .atLeast(inputWidth: least.width, inputHeight: least.height, longSide: overlayLongSide)
    }

    /// The size of the network's picture where that does not depend on the photo.
    public var fixedSize: (width: Int, height: Int)? {
        var size: (width: Int, height: Int)?
        for step in steps {
            switch step {
            case .resize(let rule, _):
                if case .exact(let width, let height) = rule.target, rule.multiple == nil {
                    size = (width, height)
                } else {
                    size = nil
                }
            case .crop(let rule):
                if case .exact(let width, let height) = rule.size { size = (width, height) }
            case .pad(let rule):
                if case .exact(let width, let height) = rule.size { size = (width, height) }
            }
        }
        return size
    }
}

/// Which colours the network's channels are.
public enum ChannelOrder: String, Codable, Hashable, Sendable, CaseIterable {
    case rgb, bgr, rgba, bgra
    /// ITU-R 601 luma, as Pillow's "L".
    case grey
    /// The same in three channels.
    case greyThrice = "grey-thrice"

    /// For each channel the sample of a pixel that it holds; 3 is the opaque one.
    var samples: [Int] {
        switch self {
        case .rgb: [0, 1, 2]
        case .bgr: [2, 1, 0]
        case .rgba: [0, 1, 2, 3]
        case .bgra: [2, 1, 0, 3]
        case .grey: [0]
        case .greyThrice: [0, 0, 0]
        }
    }

    var isGrey: Bool { self == .grey || self == .greyThrice }
    public var count: Int { samples.count }
}
