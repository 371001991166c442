/// What an image processor of Hugging Face's transformers does, and what it takes for granted where the file is silent:
/// the class attributes of transformers 5.24.
struct HuggingFaceProcessor: Sendable {
    /// What is special about its resizing, cropping and padding.
    enum Kind: Sendable {
        case standard
        /// `crop_pct` below 384 pixels: resize to the size divided by it, crop to the size; else resize, aspect not kept.
        case convNext
        /// `crop_pct` of the size, and a crop of its own.
        case poolFormer
        /// 256/224 of the shortest edge.
        case levit
        /// Crops before it resizes.
        case perceiver
        /// Shortest and longest edge with DETR's rounding; `pad_size`.
        case detection
        /// The same, both sides rounded down to multiples of 16.
        case yolos
        /// The same, both sides rounded up to a multiple.
        case maskFormer
        case dpt
        /// Not resized but to a multiple below.
        case glpn
        /// Shortest edge, both sides rounded up to a multiple.
        case textNet
        case vilt
        /// Longest edge, padded to a square.
        case sam
        case efficientNet
        case donut
        /// Rescales with an offset unless told otherwise.
        case offset
        /// Nearest rounding of the short edge, blue first, whatever the file says.
        case ppLCNet
    }

    enum Size: Sendable {
        case exact(width: Int, height: Int)
        case shortestEdge(Int)
        case edges(Int, Int)
        case longestEdge(Int)
        case none

        static func square(_ side: Int) -> Size { .exact(width: side, height: side) }
    }

    enum Colours: Sendable {
        case half, imageNet, clip, ones, none
        /// ImageNet's, blue first.
        case imageNetReversed

        var values: (mean: [Double], deviation: [Double])? {
            switch self {
            case .half: ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
            case .imageNet: ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
            case .clip:
                ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
            case .ones: ([1, 1, 1], [1, 1, 1])
            case .imageNetReversed: ([0.406, 0.456, 0.485], [0.225, 0.224, 0.229])
            case .none: nil
            }
        }
    }

    var kind = Kind.standard
    var size: Size
    var filter: ResamplingFilter
    var colours: Colours
    var crop: (width: Int, height: Int)?
    var crops = false
    var pads = false
    var flipsChannels = false
    var isGrey = false
    var rescaleFactor = 1.0 / 255
    var cropShare: Double?
    var divisor: Int?

    init(
        as kind: Kind = .standard, _ size: Size, _ filter: ResamplingFilter, _ colours: Colours, crop: Int? = nil,
        crops: Bool? = nil, pads: Bool = false, flipsChannels: Bool = false, isGrey: Bool = false,
        rescaleFactor: Double = 1.0 / 255, cropShare: Double? = nil, divisor: Int? = nil
    ) {
        self.kind = kind
        self.size = size
        self.filter = filter
        self.colours = colours
        self.crop = crop.map { ($0, $0) }
        self.crops = crops ?? (crop != nil)
        self.pads = pads
        self.flipsChannels = flipsChannels
        self.isGrey = isGrey
        self.rescaleFactor = rescaleFactor
        self.cropShare = cropShare
        self.divisor = divisor
    }

    /// By the class name without `ImageProcessor`, `FeatureExtractor`, `Fast` and `Pil`.
    static let known: [String: HuggingFaceProcessor] = [
        "Beit": .init(.square(224), .bicubic, .half, crop: 224, crops: false),
        "Bit": .init(.shortestEdge(224), .bicubic, .clip, crop: 224),
        "Blip": .init(.square(384), .bicubic, .clip),
        "Chameleon": .init(.shortestEdge(512), .lanczos, .ones, crop: 512, rescaleFactor: 0.0078),
        "ChineseCLIP": .init(.shortestEdge(224), .bicubic, .clip, crop: 224),
        "CLIP": .init(.shortestEdge(224), .bicubic, .clip, crop: 224),
        "ConditionalDetr": .detection,
        "ConvNext": .init(as: .convNext, .shortestEdge(384), .bicubic, .half, cropShare: 224.0 / 256),
        "DeformableDetr": .detection,
        "DeiT": .init(.square(256), .bicubic, .half, crop: 224),
        "Deta": .detection,
        "Detr": .detection,
        "DINOv3ViT": .init(.square(224), .bilinear, .imageNet),
        "Donut": .init(as: .donut, .exact(width: 1920, height: 2560), .bilinear, .half, pads: true),
        "DPT": .init(as: .dpt, .square(384), .bicubic, .half),
        "EfficientFormer": .init(.square(224), .bicubic, .imageNet, crop: 224),
        "EfficientNet": .init(as: .efficientNet, .square(346), .bicubic, .half, crop: 289, crops: false),
        "Flava": .init(.square(224), .bicubic, .clip, crop: 224),
        "Gemma3": .init(.square(224), .bilinear, .half),
        "GLPN": .init(as: .glpn, .none, .bilinear, .none, divisor: 32),
        "GroundingDino": .detection,
        "Levit": .init(as: .levit, .shortestEdge(224), .bicubic, .imageNet, crop: 224),
        "Llava": .init(.shortestEdge(224), .bicubic, .clip, crop: 224),
        "Mask2Former": .init(as: .maskFormer, .edges(800, 1333), .bilinear, .imageNet, divisor: 32),
        "MaskFormer": .init(as: .maskFormer, .edges(800, 1333), .bilinear, .imageNet, divisor: 32),
        "MobileNetV1": .init(.shortestEdge(256), .bilinear, .half, crop: 224),
        "MobileNetV2": .init(.shortestEdge(256), .bilinear, .half, crop: 224),
        "MobileViT": .init(.shortestEdge(224), .bicubic, .none, crop: 256, flipsChannels: true),
        "OneFormer": .detection,
        "OwlViT": .init(.square(768), .bicubic, .clip, crop: 768, crops: false),
        "Perceiver": .init(as: .perceiver, .square(224), .bicubic, .imageNet, crop: 256),
        "PoolFormer": .init(as: .poolFormer, .shortestEdge(224), .bicubic, .imageNet, crop: 224, cropShare: 0.9),
        "PPLCNet": .init(as: .ppLCNet, .square(256), .bilinear, .imageNetReversed, crop: 224, divisor: 1),
        "PromptDepthAnything": .init(as: .dpt, .square(384), .bicubic, .half),
        "Pvt": .init(.square(224), .bicubic, .imageNet),
        "RfDetr": .detection,
        "RTDetr": .init(as: .detection, .square(640), .bilinear, .none),
        "Sam": .init(as: .sam, .longestEdge(1024), .bilinear, .imageNet, pads: true),
        "Sam2": .init(.square(1024), .bilinear, .imageNet),
        "Sam3": .init(.square(1008), .bilinear, .half),
        "Sapiens2": .init(.exact(width: 768, height: 1024), .bilinear, .imageNet, crop: 224, crops: false),
        "Segformer": .init(.square(512), .bilinear, .imageNet),
        "SegGpt": .init(.square(448), .bicubic, .imageNet),
        "Siglip": .init(.square(224), .bicubic, .half),
        "SuperPoint": .init(.exact(width: 640, height: 480), .bilinear, .none),
        "TextNet": .init(as: .textNet, .shortestEdge(640), .bilinear, .imageNet, crop: 224, crops: false, divisor: 32),
        "Tipsv2": .init(.square(448), .bilinear, .none),
        "Vilt": .init(as: .vilt, .shortestEdge(384), .bicubic, .half, divisor: 32),
        "ViT": .init(.square(224), .bilinear, .half),
        "ViTHybrid": .init(.shortestEdge(448), .bicubic, .half, crop: 448),
        "Vivit": .init(as: .offset, .shortestEdge(256), .bilinear, .half, crop: 224, rescaleFactor: 1 / 127.5),
        "VideoMAE": .init(.shortestEdge(224), .bilinear, .half, crop: 224),
        "Yolos": .init(as: .yolos, .edges(800, 1333), .bilinear, .imageNet, pads: true),
    ]

    private static let detection = HuggingFaceProcessor(
        as: .detection, .edges(800, 1333), .bilinear, .imageNet, pads: true)

    /// Processors whose work is none of resizing, cropping and padding one photo.
    static let refused: [String: String] = [
        "DepthPro": "it resizes without averaging",
        "EfficientLoFTR": "it takes pairs of photos",
        "ImageGPT": "it turns colours into the numbers of clusters",
        "LightGlue": "it takes pairs of photos",
        "LayoutLMv2": "it reads the text of pages",
        "LayoutLMv3": "it reads the text of pages",
        "Nougat": "it cuts off the margins of pages by what is on them",
        "Owlv2": "it smooths with SciPy's Gaussian filter, which is not imitated",
        "Pix2Struct": "it cuts photos into patches of its own",
        "Qwen2VL": "it cuts photos into patches of its own",
        "Siglip2": "it cuts photos into patches of its own",
        "SuperGlue": "it takes pairs of photos",
        "Swin2SR": "it pads with the mirrored picture, which is not imitated",
        "Tvp": "it prepares videos",
        "VitMatte": "it takes a trimap beside the photo",
        "VitPose": "it cuts persons out by boxes that it is given",
        "ZoeDepth": "it pads with the mirrored picture, which is not imitated",
    ]

    /// The processor of a class name such as `CLIPImageProcessorFast`; nil where it is not known.
    ///
    /// - Throws: `PhotoError.invalidConfiguration` where it is known and cannot be imitated.
    static func named(_ name: String, key: String) throws(PhotoError) -> HuggingFaceProcessor {
        var stem = name
        for ending in ["Fast", "Pil", "ImageProcessor", "FeatureExtractor"] where stem.hasSuffix(ending) {
            stem.removeLast(ending.count)
        }
        if let reason = refused[stem] {
            throw .invalidConfiguration(key: key, reason: "\(name) cannot be imitated: \(reason)")
        }
        guard let processor = known[stem] else {
            throw .invalidConfiguration(
                key: key,
                reason: "what \(name) does is not known here; describe the preprocessing in interpret.json "
                    + "(\"preprocessing\"), or name one of \(known.keys.sorted().joined(separator: ", "))")
        }
        return processor
    }
}
