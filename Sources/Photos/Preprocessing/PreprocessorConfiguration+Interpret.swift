public import Foundation
internal import WireProtocol

extension PreprocessorConfiguration {
    /// `"preprocessing"` of `interpret.json`, for what no library has written a file about: torchvision's transforms,
    /// Keras's `preprocess_input`, letterboxing. Either the text `"keras:tf"`, `"keras:caffe"` or `"keras:torch"`, or an
    /// object:
    ///
    /// - `resize_size`: the shortest edge, or `[height, width]`; `crop_size`: the middle of that. As torchvision has them.
    /// - `size`: a number or `[height, width]`: resized to exactly that.
    /// - `letterbox`: a number or `[height, width]`: resized to fit, padded with `fill` (114). `enlarge` false leaves small
    ///   photos small.
    /// - `interpolation`: a filter's name; `antialias` false interpolates between neighbours only.
    /// - `rescale`: what samples of 0…255 are multiplied by (true: 1/255, false: 1); `offset` is added.
    /// - `mean`, `std`: per channel of the network. `channels`: rgb, bgr, grey, grey-thrice, rgba, bgra.
    /// - `keras`: tf, caffe or torch, which sets the last three.
    ///
    /// - Parameter networkSize: the picture that the network is fixed to, where no size is given.
    /// - Returns: nil where the file has no such key.
    /// - Throws: `PhotoError.invalidConfiguration`, which names the key.
    public static func interpret(
        json: Data, networkSize: (width: Int, height: Int)? = nil
    ) throws(PhotoError) -> PreprocessorConfiguration? {
        let file = try ConfigurationObject(json: json)
        guard let value = file.value("preprocessing") else { return nil }
        if case .string(let text) = value {
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[0] == "keras" else {
                throw file.error("preprocessing", "there is no '\(text)'; there are keras:tf, keras:caffe, keras:torch")
            }
            let object = ConfigurationObject(["keras": .string(parts[1])], path: "preprocessing.")
            return try InterpretReader(object, networkSize).configuration()
        }
        guard let object = try file.object("preprocessing") else { return nil }
        let configuration = try InterpretReader(object, networkSize).configuration()
        try object.finish()
        return configuration
    }
}

private struct InterpretReader {
    let object: ConfigurationObject
    let networkSize: (width: Int, height: Int)?

    init(_ object: ConfigurationObject, _ networkSize: (width: Int, height: Int)?) {
        self.object = object
        self.networkSize = networkSize
    }

    func configuration() throws(PhotoError) -> PreprocessorConfiguration {
        let keras = try object.text("keras")
        var result =
            try keras.map { (mode) throws(PhotoError) in try preset(mode) } ?? PreprocessorConfiguration(steps: [])
        if let value = object.value("rescale") {
            switch value {
            case .bool(let rescales): result.rescaleFactor = rescales ? 1.0 / 255 : 1
            default:
                guard let factor = try object.number("rescale"), factor > 0 else {
                    throw object.error("rescale", "true, false or a number above 0 is needed")
                }
                result.rescaleFactor = factor
            }
        } else if keras == nil {
            result.saysRescaling = false
        }
        if let offset = try object.number("offset") { result.rescaleOffset = offset }
        if let mean = try object.numbers("mean") {
            guard let deviation = try object.numbers("std") else { throw object.error("std", "it is missing") }
            result.normalization = try PreprocessorConfiguration.Normalization(mean: mean, standardDeviation: deviation)
        } else if object.contains("std") {
            throw object.error("mean", "it is missing")
        }
        if let name = try object.text("channels") {
            guard let channels = ChannelOrder(rawValue: name) else {
                let names = ChannelOrder.allCases.map(\.rawValue).joined(separator: ", ")
                throw object.error("channels", "there is no order '\(name)'; there are \(names)")
            }
            result.channels = channels
        }
        result.steps = try steps(keras: keras != nil)
        return result
    }

    /// `keras.applications.imagenet_utils.preprocess_input`.
    private func preset(_ mode: String) throws(PhotoError) -> PreprocessorConfiguration {
        switch mode {
        case "tf": return PreprocessorConfiguration(steps: [], rescaleFactor: 1 / 127.5, rescaleOffset: -1)
        case "caffe":
            return PreprocessorConfiguration(
                steps: [], rescaleFactor: 1,
                normalization: try .init(mean: [103.939, 116.779, 123.68], standardDeviation: [1, 1, 1]), channels: .bgr
            )
        case "torch":
            return PreprocessorConfiguration(
                steps: [],
                normalization: try .init(mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225]))
        default: throw object.error("keras", "there is no mode '\(mode)'; there are tf, caffe, torch")
        }
    }

    private func steps(keras: Bool) throws(PhotoError) -> [GeometryStep] {
        // load_img of Keras takes the nearest pixel unless told otherwise; OpenCV's letterbox does not average.
        let isLetterbox = object.contains("letterbox")
        var filter =
            try object.filter("interpolation") ?? (keras ? .nearest : isLetterbox ? .sampledBilinear : .bilinear)
        if let antialias = try object.bool("antialias"), !antialias {
            guard [.bilinear, .nearest, .sampledBilinear].contains(filter) else {
                throw object.error("antialias", "without it only bilinear and nearest are imitated here")
            }
            filter = filter == .bilinear ? .sampledBilinear : filter
        }
        func resize(_ target: ResizeRule.Target) -> GeometryStep { .resize(ResizeRule(target), filter: filter) }

        if isLetterbox, let frame = try object.extents("letterbox") {
            let fill = try object.number("fill") ?? 114
            guard let sample = UInt8(exactly: fill) else { throw object.error("fill", "0 to 255 is possible") }
            let color = RGBColor(red: sample, green: sample, blue: sample)
            let enlarges = try object.bool("enlarge") ?? true
            return [
                resize(
                    enlarges
                        ? .within(width: frame.width, height: frame.height, rounding: .nearest)
                        : .reducedTo(width: frame.width, height: frame.height)),
                .pad(PadRule(.exact(width: frame.width, height: frame.height), anchor: .center, fill: .color(color))),
            ]
        }
        var steps: [GeometryStep] = []
        if let size = try object.extents("size") {
            guard !object.contains("resize_size") else { throw object.error("size", "it stands beside resize_size") }
            steps.append(resize(.exact(width: size.width, height: size.height)))
        } else if let value = object.value("resize_size") {
            guard let size = try object.extents("resize_size") else { return [] }
            if case .array(let sides) = value, sides.count == 2 {
                steps.append(resize(.exact(width: size.width, height: size.height)))
            } else {
                steps.append(resize(.shortestEdge(size.width)))
            }
        }
        if let crop = try object.extents("crop_size") {
            steps.append(.crop(CropRule(.exact(width: crop.width, height: crop.height), rounding: .even)))
        }
        if steps.isEmpty {
            guard let networkSize else {
                throw object.error(
                    "size", "it is missing, and the network takes pictures of any size; write \"size\": [height, width]"
                )
            }
            steps.append(resize(.exact(width: networkSize.width, height: networkSize.height)))
        }
        return steps
    }
}
