public import Foundation

/// How a photo becomes a network's input: the Hugging Face hub's `preprocessor_config.json`. Keys that are not named
/// here are ignored.
public struct PreprocessorConfiguration: Hashable, Sendable {
    /// What the photo is resized to before a centre crop.
    public enum Size: Hashable, Sendable {
        case exact(width: Int, height: Int)
        /// The shorter side becomes `length`; the longer one follows, but not beyond `longest`, which then rules.
        case shortestEdge(_ length: Int, longest: Int?)
    }

    /// `nil`: the photo is not resized (`do_resize` is false).
    public var size: Size?
    public var filter: ResamplingFilter
    /// Size of the centre crop; `nil` where there is none.
    public var cropWidth: Int?
    public var cropHeight: Int?
    /// What samples of 0...255 are multiplied by; `nil` where they are left (`do_rescale` is false).
    public var rescaleFactor: Double?
    /// Red, green, blue, after rescaling; `nil` where nothing is normalized.
    public var normalization: Normalization?

    public struct Normalization: Hashable, Sendable {
        /// Three values: red, green, blue.
        public var mean: [Double]
        /// Three values above 0: red, green, blue.
        public var standardDeviation: [Double]

        /// - Throws: `PhotoError.invalidConfiguration` where there are not three finite values each, or a deviation is
        ///   not above 0.
        public init(mean: [Double], standardDeviation: [Double]) throws(PhotoError) {
            guard mean.count == 3, mean.allSatisfy(\.isFinite) else {
                throw .invalidConfiguration(key: "image_mean", reason: "three numbers are needed, got \(mean)")
            }
            guard standardDeviation.count == 3, standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
                throw .invalidConfiguration(
                    key: "image_std", reason: "three numbers above 0 are needed, got \(standardDeviation)")
            }
            self.mean = mean
            self.standardDeviation = standardDeviation
        }
    }

    /// The longest side that a network's input may have.
    public static let longestSide = 16_384

    /// - Throws: `PhotoError.invalidConfiguration`, which names the key.
    public init(json: Data) throws(PhotoError) {
        do {
            self = try JSONDecoder().decode(PreprocessorConfiguration.self, from: json)
        } catch let error as PhotoError {
            throw error
        } catch let error as DecodingError {
            throw .invalidConfiguration(error)
        } catch {
            throw .invalidConfiguration(key: "file", reason: "\(error)")
        }
    }

    /// How large a photo must be decoded so that this preprocessing, and an overlay of `overlayLongSide`, lose nothing.
    public func decodeTarget(overlayLongSide: Int) -> DecodeTarget {
        switch size {
        case .exact(let width, let height):
            .atLeast(inputWidth: width, inputHeight: height, longSide: overlayLongSide)
        case .shortestEdge(let length, _):
            .atLeast(inputWidth: length, inputHeight: length, longSide: overlayLongSide)
        case nil:
            .fullScale
        }
    }
}

extension PreprocessorConfiguration: Codable {
    private enum Key: String, CodingKey {
        case doResize = "do_resize"
        case size, resample
        case doCenterCrop = "do_center_crop"
        case cropSize = "crop_size"
        case doRescale = "do_rescale"
        case rescaleFactor = "rescale_factor"
        case doNormalize = "do_normalize"
        case imageMean = "image_mean"
        case imageStd = "image_std"
    }

    /// A missing `do_…` key means yes where the values it needs are there. A `size` that is a mere number means a
    /// square, or the shortest edge where a centre crop follows, as the hub's old configurations have it.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let crops = try values.decodeIfPresent(Bool.self, forKey: .doCenterCrop) ?? values.contains(.cropSize)
        if crops {
            let crop = try values.decode(SizeValue.self, forKey: .cropSize)
            (cropWidth, cropHeight) = try crop.exact(key: Key.cropSize.rawValue)
        }
        if try values.decodeIfPresent(Bool.self, forKey: .doResize) ?? values.contains(.size) {
            let value = try values.decode(SizeValue.self, forKey: .size)
            size = try value.size(key: Key.size.rawValue, numberIsShortestEdge: crops)
        }
        let resample = try values.decodeIfPresent(Int.self, forKey: .resample) ?? ResamplingFilter.bilinear.rawValue
        guard let filter = ResamplingFilter(rawValue: resample) else {
            throw PhotoError.invalidConfiguration(
                key: Key.resample.rawValue, reason: "\(resample) is not one of Pillow's filters 0 to 5")
        }
        self.filter = filter
        if try values.decodeIfPresent(Bool.self, forKey: .doRescale) ?? true {
            let factor = try values.decodeIfPresent(Double.self, forKey: .rescaleFactor) ?? 1.0 / 255
            guard factor.isFinite, factor > 0 else {
                throw PhotoError.invalidConfiguration(
                    key: Key.rescaleFactor.rawValue, reason: "a number above 0 is needed, got \(factor)")
            }
            rescaleFactor = factor
        }
        if try values.decodeIfPresent(Bool.self, forKey: .doNormalize) ?? values.contains(.imageMean) {
            normalization = try Normalization(
                mean: values.decode(ChannelValues.self, forKey: .imageMean).values,
                standardDeviation: values.decode(ChannelValues.self, forKey: .imageStd).values)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(size != nil, forKey: .doResize)
        try values.encodeIfPresent(size.map(SizeValue.init(size:)), forKey: .size)
        try values.encode(filter.rawValue, forKey: .resample)
        try values.encode(cropWidth != nil && cropHeight != nil, forKey: .doCenterCrop)
        if let cropWidth, let cropHeight {
            try values.encode(SizeValue(height: cropHeight, width: cropWidth), forKey: .cropSize)
        }
        try values.encode(rescaleFactor != nil, forKey: .doRescale)
        try values.encodeIfPresent(rescaleFactor, forKey: .rescaleFactor)
        try values.encode(normalization != nil, forKey: .doNormalize)
        try values.encodeIfPresent(normalization?.mean, forKey: .imageMean)
        try values.encodeIfPresent(normalization?.standardDeviation, forKey: .imageStd)
    }
}

/// `{"height": h, "width": w}`, `{"shortest_edge": s}`, `{"shortest_edge": s, "longest_edge": l}` or a number.
private struct SizeValue: Codable {
    var number: Int?
    var height: Int?
    var width: Int?
    var shortestEdge: Int?
    var longestEdge: Int?

    private enum CodingKeys: String, CodingKey {
        case height, width
        case shortestEdge = "shortest_edge"
        case longestEdge = "longest_edge"
    }

    init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    init(size: PreprocessorConfiguration.Size) {
        switch size {
        case .exact(let width, let height):
            (self.height, self.width) = (height, width)
        case .shortestEdge(let length, let longest):
            (shortestEdge, longestEdge) = (length, longest)
        }
    }

    init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Int.self) {
            self.number = number
            return
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        height = try values.decodeIfPresent(Int.self, forKey: .height)
        width = try values.decodeIfPresent(Int.self, forKey: .width)
        shortestEdge = try values.decodeIfPresent(Int.self, forKey: .shortestEdge)
        longestEdge = try values.decodeIfPresent(Int.self, forKey: .longestEdge)
    }

    func exact(key: String) throws(PhotoError) -> (width: Int, height: Int) {
        guard case .exact(let width, let height) = try size(key: key, numberIsShortestEdge: false) else {
            throw .invalidConfiguration(key: key, reason: "a height and a width are needed")
        }
        return (width, height)
    }

    func size(key: String, numberIsShortestEdge: Bool) throws(PhotoError) -> PreprocessorConfiguration.Size {
        for side in [number, height, width, shortestEdge, longestEdge].compactMap({ $0 }) {
            guard (1...PreprocessorConfiguration.longestSide).contains(side) else {
                throw .invalidConfiguration(
                    key: key, reason: "\(side) is not in 1...\(PreprocessorConfiguration.longestSide)")
            }
        }
        if let number {
            return numberIsShortestEdge
                ? .shortestEdge(number, longest: nil) : .exact(width: number, height: number)
        }
        if let width, let height { return .exact(width: width, height: height) }
        if let shortestEdge { return .shortestEdge(shortestEdge, longest: longestEdge) }
        throw .invalidConfiguration(
            key: key, reason: "a number, a height and a width, or a shortest_edge is needed")
    }
}

/// Three numbers, or one for all channels.
private struct ChannelValues: Decodable {
    let values: [Double]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Double.self) {
            values = [value, value, value]
        } else {
            values = try container.decode([Double].self)
        }
    }
}

extension PhotoError {
    /// Names the key at which decoding stopped.
    fileprivate static func invalidConfiguration(_ error: DecodingError) -> PhotoError {
        let (context, missing): (DecodingError.Context, (any CodingKey)?) =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, nil)
            case .keyNotFound(let key, let context):
                (context, key)
            @unknown default:
                (DecodingError.Context(codingPath: [], debugDescription: "\(error)"), nil)
            }
        let path = (context.codingPath + [missing].compactMap { $0 }).map(\.stringValue).joined(separator: ".")
        return .invalidConfiguration(
            key: path.isEmpty ? "file" : path, reason: missing == nil ? context.debugDescription : "it is missing")
    }
}
