public import Foundation
internal import WireProtocol

extension PreprocessorConfiguration {
    /// The Hugging Face hub's `preprocessor_config.json`. A file that names no `image_processor_type` means what it says,
    /// with the old defaults; one that does has the defaults of that class. A key that may change the input and is not
    /// understood is refused.
    ///
    /// - Throws: `PhotoError.invalidConfiguration`, which names the key.
    public init(huggingFace json: Data) throws(PhotoError) {
        let object = try ConfigurationObject(json: json)
        if let timm = try object.object("pretrained_cfg") {
            try self.init(timm: timm)
            _ = object.value("architecture")
        } else {
            self = try HuggingFaceReader(object).configuration()
        }
        try object.finish(harmless: HuggingFaceReader.harmless)
    }
}

private struct HuggingFaceReader {
    /// Keys that say nothing about the input of one photo.
    static let harmless: Set<String> = [
        "processor_class", "image_processor_type", "feature_extractor_type", "auto_map", "return_tensors",
        "data_format",
        "input_data_format", "do_convert_rgb", "model_input_names", "device", "disable_grouping", "do_reduce_labels",
        "reduce_labels", "format", "do_convert_annotations", "ignore_index", "num_labels", "mask_size", "mask_pad_size",
        "class_info_file", "repo_path", "metadata", "num_text", "transformers_version", "use_fast", "return_metadata",
        "image_seq_length", "num_channels", "prompt_scale_to_meter", "keypoint_heatmap_downscale_factor",
        "keypoint_heatmap_sigma", "input_size_patches", "total_mask_patches", "mask_group_min_patches",
        "mask_group_max_patches", "mask_group_min_aspect_ratio", "mask_group_max_aspect_ratio", "return_image_mask",
        "return_codebook_pixels", "codebook_do_resize", "codebook_size", "codebook_resample", "codebook_do_center_crop",
        "codebook_crop_size", "codebook_do_rescale", "codebook_rescale_factor", "codebook_do_map_pixels",
        "codebook_do_normalize", "codebook_image_mean", "codebook_image_std",
    ]

    let object: ConfigurationObject
    /// Nil where the file names none.
    let processor: HuggingFaceProcessor?
    let kind: HuggingFaceProcessor.Kind

    init(_ object: ConfigurationObject) throws(PhotoError) {
        self.object = object
        let key = object.contains("image_processor_type") ? "image_processor_type" : "feature_extractor_type"
        processor = try object.text(key).map { (name) throws(PhotoError) in
            try HuggingFaceProcessor.named(name, key: key)
        }
        // Only ConvNeXt and PoolFormer know crop_pct; PoolFormer crops to a size of its own.
        let crops = try object.bool("do_center_crop") ?? false
        let isConvNext = !object.contains("crop_size") && !crops
        kind = processor?.kind ?? (object.contains("crop_pct") ? (isConvNext ? .convNext : .poolFormer) : .standard)
    }

    func configuration() throws(PhotoError) -> PreprocessorConfiguration {
        var configuration = PreprocessorConfiguration(steps: try steps())
        let rescales = try object.bool("do_rescale")
        let factor = try object.number("rescale_factor")
        configuration.saysRescaling = rescales != nil || factor != nil
        if rescales ?? true {
            configuration.rescaleFactor = factor ?? processor?.rescaleFactor ?? 1.0 / 255
            guard configuration.rescaleFactor > 0 else {
                throw object.error("rescale_factor", "a number above 0 is needed")
            }
            let offset = try object.bool("offset")
            let offsets = try object.bool("rescale_offset") ?? offset
            let isOffset: Bool = if case .offset = kind { true } else { false }
            if offsets ?? isOffset { configuration.rescaleOffset = -1 }
        } else {
            configuration.rescaleFactor = 1
            _ = (object.value("rescale_offset"), object.value("offset"))
        }
        configuration.normalization = try normalization()
        configuration.channels = try channels(&configuration)
        if let antialias = try object.bool("antialias"), !antialias {
            throw object.error("antialias", "resizing without it is not imitated here")
        }
        return configuration
    }

    private func normalization() throws(PhotoError) -> PreprocessorConfiguration.Normalization? {
        let mean = try object.numbers("image_mean")
        let deviation = try object.numbers("image_std")
        let presets = processor?.colours.values
        let includesTop: Bool
        if case .efficientNet = kind {
            includesTop = try object.bool("include_top") ?? true
        } else {
            includesTop = false
        }
        let normalizes = try object.bool("do_normalize") ?? (processor == nil ? mean != nil : presets != nil)
        guard normalizes || includesTop else { return nil }
        guard var deviation = deviation ?? presets?.deviation else { throw object.error("image_std", "it is missing") }
        guard var mean = normalizes ? mean ?? presets?.mean : deviation.map({ _ in 0 }) else {
            throw object.error("image_mean", "it is missing")
        }
        if mean.count == 1, deviation.count > 1 { mean = deviation.map { _ in mean[0] } }
        if deviation.count == 1, mean.count > 1 { deviation = mean.map { _ in deviation[0] } }
        // EfficientNet's own head divides once more.
        if includesTop, normalizes { deviation = deviation.map { $0 * $0 } }
        return try PreprocessorConfiguration.Normalization(
            mean: mean, standardDeviation: deviation, keys: ("image_mean", "image_std"))
    }

    /// Channels are flipped and turned grey after normalization: what is noted for them goes along.
    private func channels(_ configuration: inout PreprocessorConfiguration) throws(PhotoError) -> ChannelOrder {
        if try object.bool("do_grayscale") ?? processor?.isGrey ?? false { return .greyThrice }
        let flips = try object.bool("do_flip_channel_order") ?? processor?.flipsChannels ?? false
        let alwaysFlips: Bool = if case .ppLCNet = kind { true } else { false }
        guard flips || alwaysFlips else { return .rgb }
        configuration.normalization?.mean.reverse()
        configuration.normalization?.standardDeviation.reverse()
        return .bgr
    }

    // MARK: Steps

    private func steps() throws(PhotoError) -> [GeometryStep] {
        let filter = try object.filter("resample") ?? processor?.filter ?? .bilinear
        let crops = try object.bool("do_center_crop") ?? processor?.crops ?? object.contains("crop_size")
        let crop = try object.extents("crop_size") ?? processor?.crop
        let resizes = try object.bool("do_resize") ?? (processor != nil || object.contains("size"))
        let size = try resizes || object.contains("size") ? self.size(crops: crops) : nil
        guard !crops || crop != nil else { throw object.error("crop_size", "it is missing") }
        let cropStep =
            crops ? crop.map { GeometryStep.crop(CropRule(.exact(width: $0.width, height: $0.height))) } : nil

        var steps: [GeometryStep] = []
        if case .perceiver = kind, crops, let crop, case .exact(let width, let height)? = size {
            let share = CropRule.Size.ofShorterSide(
                width: Double(width) / Double(crop.width), height: Double(height) / Double(crop.height))
            steps.append(.crop(CropRule(share)))
        }
        if resizes { steps += try resize(size, filter) }
        if case .perceiver = kind {} else if let cropStep { steps.append(cropStep) }
        return steps + (try padding(size))
    }

    /// Of the keys `size` and, in old files, `max_size`.
    private func size(crops: Bool) throws(PhotoError) -> ResizeRule.Target? {
        guard let value = object.value("size") else {
            let longest = try object.side("max_size")
            switch processor?.size {
            case .exact(let width, let height)?: return .exact(width: width, height: height)
            case .shortestEdge(let length)?: return .shortestEdge(length)
            case .edges(let shortest, let usual)?: return .edges(shortest: shortest, longest: longest ?? usual)
            case .longestEdge(let length)?: return .longestEdge(length)
            case .none?: return ResizeRule.Target.unchanged
            case nil: throw object.error("size", "it is missing")
            }
        }
        guard case .object = value else { return try size(number: crops) }
        guard let inner = try object.object("size") else { return nil }
        let (height, width) = (try inner.side("height"), try inner.side("width"))
        let (shortest, longest) = (try inner.side("shortest_edge"), try inner.side("longest_edge"))
        let (highest, widest) = (try inner.side("max_height"), try inner.side("max_width"))
        try inner.finish()
        if let shortest { return longest.map { .edges(shortest: shortest, longest: $0) } ?? .shortestEdge(shortest) }
        if let height, let width { return .exact(width: width, height: height) }
        if let highest, let widest { return .within(width: widest, height: highest, rounding: .down) }
        if let longest { return .longestEdge(longest) }
        throw object.error(
            "size", "a number, height and width, max_height and max_width, shortest_edge or longest_edge are needed")
    }

    /// A mere number, or a list: a square, or the shortest edge where the class says so.
    private func size(number crops: Bool) throws(PhotoError) -> ResizeRule.Target? {
        guard let extents = try object.extents("size") else { return nil }
        let length = extents.width
        if extents.width != extents.height { return .exact(width: extents.width, height: extents.height) }
        let square = ResizeRule.Target.exact(width: length, height: length)
        if let isSquare = try object.bool("default_to_square") { return isSquare ? square : .shortestEdge(length) }
        switch processor?.size {
        case .exact?, .none?: return square
        case .shortestEdge?: return .shortestEdge(length)
        case .edges(_, let usual)?:
            return .edges(shortest: length, longest: try object.side("max_size") ?? usual)
        case .longestEdge?: return .longestEdge(length)
        case nil:
            if case .convNext = kind { return .shortestEdge(length) }
            return crops ? .shortestEdge(length) : square
        }
    }

    private func resize(_ size: ResizeRule.Target?, _ filter: ResamplingFilter) throws(PhotoError) -> [GeometryStep] {
        guard let size else { throw object.error("size", "it is missing") }
        func step(_ target: ResizeRule.Target, _ multiple: ResizeRule.Multiple? = nil) -> GeometryStep {
            .resize(ResizeRule(target, multiple: multiple), filter: filter)
        }
        switch kind {
        case .standard, .detection, .sam, .efficientNet, .perceiver, .offset: return [step(size)]
        case .convNext:
            guard case .shortestEdge(let length) = size else { throw object.error("size", "a shortest_edge is needed") }
            let share = try cropShare() ?? 224.0 / 256
            guard length < 384 else { return [step(.exact(width: length, height: length))] }
            return [
                step(.shortestEdge(Int(Double(length) / share))),
                .crop(CropRule(.exact(width: length, height: length))),
            ]
        case .poolFormer:
            guard let share = try cropShare() else { return [step(size)] }
            switch size {
            case .shortestEdge(let length): return [step(.shortestEdge(Int(Double(length) / share)))]
            case .exact(let width, let height):
                let scaled = (width: Int(Double(width) / share), height: Int(Double(height) / share))
                return [
                    step(
                        width == height
                            ? .shortestEdge(scaled.width) : .exact(width: scaled.width, height: scaled.height))
                ]
            default: throw object.error("size", "a shortest_edge, or height and width, are needed beside crop_pct")
            }
        case .levit:
            guard case .shortestEdge(let length) = size else { return [step(size)] }
            return [step(.shortestEdge(Int(256.0 / 224 * Double(length))))]
        case .yolos: return [step(size, .down(16))]
        case .maskFormer: return [step(size, try divisor().map { .up($0) })]
        case .glpn: return [step(.unchanged, .down(try divisor() ?? 32))]
        case .textNet: return [step(size, .up(try divisor() ?? 32))]
        case .vilt:
            guard case .shortestEdge(let length) = size else { throw object.error("size", "a shortest_edge is needed") }
            let longest = Int(1333.0 / 800 * Double(length))
            return [step(.roundedEdges(shortest: length, longest: longest), .down(try divisor() ?? 32))]
        case .dpt:
            guard case .exact(let width, let height) = size else {
                throw object.error("size", "height and width are needed")
            }
            let (multiple, keeps) = (try object.side("ensure_multiple_of"), try object.bool("keep_aspect_ratio"))
            return [
                step(.multiples(width: width, height: height, multiple: multiple ?? 1, keepsAspect: keeps ?? false))
            ]
        case .ppLCNet:
            guard let short = try object.side("resize_short") else { return [step(size)] }
            return [
                step(
                    .roundedEdges(shortest: short, longest: PreprocessorConfiguration.longestSide),
                    try divisor().map { .up($0) })
            ]
        case .donut: return try donut(size, filter)
        }
    }

    /// Enlarged to the frame's shorter side, then made to fit into the frame.
    private func donut(_ size: ResizeRule.Target, _ filter: ResamplingFilter) throws(PhotoError) -> [GeometryStep] {
        guard case .exact(let width, let height) = size else {
            throw object.error("size", "height and width are needed")
        }
        if try object.bool("do_align_long_axis") ?? false {
            throw object.error("do_align_long_axis", "turning photos is not imitated here")
        }
        let covers = GeometryStep.resize(ResizeRule(.shortestEdge(min(width, height))), filter: filter)
        guard try object.bool("do_thumbnail") ?? true else { return [covers] }
        return [covers, .resize(ResizeRule(.thumbnail(width: width, height: height)), filter: filter)]
    }

    private func cropShare() throws(PhotoError) -> Double? {
        let share = try object.number("crop_pct") ?? processor?.cropShare
        guard share.map({ $0 > 0.01 && $0 <= 1 }) ?? true else {
            throw object.error("crop_pct", "0.01 to 1 is possible")
        }
        return share
    }

    private func divisor() throws(PhotoError) -> Int? {
        let older = try object.side("size_divisibility")
        return try object.side("size_divisor") ?? older ?? processor?.divisor
    }

    private func padding(_ size: ResizeRule.Target?) throws(PhotoError) -> [GeometryStep] {
        let pads = try object.bool("do_pad") ?? processor?.pads ?? object.contains("pad_size")
        let frame = try object.extents("pad_size")
        guard pads else { return [] }
        func padded(_ size: PadRule.Size, _ anchor: PadRule.Anchor, _ fill: PadRule.Fill) -> [GeometryStep] {
            [.pad(PadRule(size, anchor: anchor, fill: fill))]
        }
        switch kind {
        case .sam:
            guard case .longestEdge(let length)? = size else { return [] }
            let frame = frame ?? (length, length)
            return padded(.exact(width: frame.width, height: frame.height), .topLeft, .zero)
        case .donut:
            guard case .exact(let width, let height)? = size else { return [] }
            return padded(.exact(width: width, height: height), .center, .color(.black))
        case .dpt: return try divisor().map { padded(.multiple(of: $0), .center, .zero) } ?? []
        default:
            // Without a size photos are padded to the largest of a batch, and one by itself not at all.
            return frame.map { padded(.exact(width: $0.width, height: $0.height), .topLeft, .zero) } ?? []
        }
    }
}
