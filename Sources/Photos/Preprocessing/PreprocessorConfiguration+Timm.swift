public import Foundation

extension PreprocessorConfiguration {
    /// timm's `config.json`: what its `resolve_data_config` and `create_transform` make of `pretrained_cfg`, or of a
    /// file that has the same keys at the top.
    ///
    /// - Parameter networkSize: the picture that the network is fixed to, if it is. Where it is the `test_input_size`, the
    ///   file's numbers for that are meant.
    /// - Returns: nil where the file says nothing of pictures.
    /// - Throws: `PhotoError.invalidConfiguration`, which names the key.
    public static func timm(
        json: Data, networkSize: (width: Int, height: Int)? = nil
    ) throws(PhotoError) -> PreprocessorConfiguration? {
        let object = try ConfigurationObject(json: json)
        if let inner = try object.object("pretrained_cfg") {
            return try PreprocessorConfiguration(timm: inner, networkSize: networkSize)
        }
        guard object.contains("input_size"), object.contains("mean") || object.contains("crop_pct") else { return nil }
        return try PreprocessorConfiguration(timm: object, networkSize: networkSize)
    }

    /// Keys that timm's transforms do not read are not looked at here either.
    init(timm object: ConfigurationObject, networkSize: (width: Int, height: Int)? = nil) throws(PhotoError) {
        let usual = try object.timmSize("input_size") ?? (channels: 3, width: 224, height: 224)
        let test = try object.timmSize("test_input_size")
        let isTest = test.map { $0.width == networkSize?.width && $0.height == networkSize?.height } ?? false
        let size = isTest ? test ?? usual : usual
        let testShare = try object.number("test_crop_pct")
        let usualShare = try object.number("crop_pct") ?? 0.875
        let share = isTest ? testShare ?? usualShare : usualShare
        guard share > 0.01, share <= 4 else { throw object.error("crop_pct", "0.01 to 4 is possible, got \(share)") }
        let filter = try object.filter("interpolation") ?? .bicubic
        let mean = try object.numbers("mean") ?? [0.485, 0.456, 0.406]
        let deviation = try object.numbers("std") ?? [0.229, 0.224, 0.225]
        let normalization = try Normalization(mean: mean, standardDeviation: deviation)
        let (width, height) = (Int(Double(size.width) / share), Int(Double(size.height) / share))
        var crop = CropRule(.exact(width: size.width, height: size.height), rounding: .even)
        let target: ResizeRule.Target
        switch try object.text("crop_mode") ?? "center" {
        case "center":
            target = width == height ? .shortestEdge(width) : .covering(width: width, height: height)
        case "squash": target = .exact(width: width, height: height)
        case "border":
            target = .within(width: width, height: height, rounding: .nearest)
            let samples = mean.map { UInt8(min(max(255 * $0, 0), 255).rounded(.toNearestOrEven)) }
            crop.fill = RGBColor(
                red: samples[0], green: samples[samples.count > 2 ? 1 : 0], blue: samples[samples.count > 2 ? 2 : 0])
        case let mode: throw object.error("crop_mode", "there is no mode '\(mode)'; there are center, squash, border")
        }
        if object.contains("crop_border_pixels") {
            throw object.error("crop_border_pixels", "trimming the border is not imitated here")
        }
        self.init(
            steps: [.resize(ResizeRule(target), filter: filter), .crop(crop)], normalization: normalization,
            channels: size.channels == 1 ? .grey : size.channels == 4 ? .rgba : .rgb)
    }
}

extension ConfigurationObject {
    /// `[channels, height, width]`.
    fileprivate func timmSize(_ key: String) throws(PhotoError) -> (channels: Int, width: Int, height: Int)? {
        guard contains(key) else { return nil }
        guard let numbers = try numbers(key), numbers.count == 3 else {
            throw error(key, "channels, height and width are needed")
        }
        let range = 1...PreprocessorConfiguration.longestSide
        let sides = numbers.compactMap { Int(exactly: $0) }.filter(range.contains)
        guard sides.count == 3 else {
            throw error(key, "whole numbers from 1 to \(range.upperBound) are needed, got \(numbers)")
        }
        return (sides[0], sides[2], sides[1])
    }
}
