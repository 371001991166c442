import Foundation
import Tensors

/// What is put where the image is hidden, and what integrated gradients start from. All in the network's normalized
/// input space.
enum Fill: Equatable {
    /// 0 of the tensor, as Captum's default baseline; where preprocessing subtracts the training images' mean, that is
    /// their mean colour.
    case zero
    /// The mean of this image, channel by channel.
    case mean
    /// The image through a Gaussian of a sixteenth of its shorter side.
    case blur
    /// One value per channel.
    case values([Float])

    static let summary =
        "zero (of the normalized input), mean (of this image), blur, a colour #rrggbb, a number or one per channel a,b,c"

    /// - Parameter parameter: the name under which `value` was given, for messages.
    init(_ value: ParameterValue, of question: Question, parameter: String) throws(InterpretationError) {
        let channels = question.input.shape[1]
        switch value {
        case .text("zero"): self = .zero
        case .text("mean"): self = .mean
        case .text("blur"): self = .blur
        case .number(let number):
            guard Float(number).isFinite else { throw .badParameter("\(parameter) is too large a number") }
            self = .values([Float](repeating: Float(number), count: channels))
        case .text(let text) where text.hasPrefix("#"):
            self = .values(try Fill.colour(text, question, parameter: parameter))
        case .text(let text):
            let numbers = text.split(separator: ",").map { Float($0.trimmingCharacters(in: .whitespaces)) }
            let values = numbers.compactMap { $0 }.filter(\.isFinite)
            guard values.count == numbers.count, values.count == channels else {
                throw .badParameter("\(parameter) should be \(Fill.summary), got '\(text)'")
            }
            self = .values(values)
        }
    }

    /// #rrggbb, normalized as the photo was.
    private static func colour(
        _ text: String, _ question: Question, parameter: String
    ) throws(InterpretationError) -> [Float] {
        guard text.utf8.count == 7, text.dropFirst().allSatisfy(\.isHexDigit),
            let number = Int(text.dropFirst(), radix: 16)
        else { throw .badParameter("\(parameter) should be a colour #rrggbb, got '\(text)'") }
        guard let normalization = question.normalization, question.input.shape[1] == 3,
            normalization.mean.count == 3, normalization.deviation.count == 3,
            normalization.deviation.allSatisfy({ $0 > 0 })
        else {
            throw .badParameter(
                "\(parameter) can be a colour only where the input is a photo in three channels; give one number per "
                    + "channel instead")
        }
        return (0..<3).map { channel in
            let value = Float((number >> (16 - 8 * channel)) & 0xFF)
            return (value * normalization.scale - normalization.mean[channel]) / normalization.deviation[channel]
        }
    }

    /// A whole image of it, in the input's shape [1,C,H,W].
    func image(for input: Tensor) -> Tensor {
        let plane = input.shape[2] * input.shape[3]
        return Tensor(shape: input.shape) { target in
            input.withUnsafeValues { values in
                for channel in 0..<input.shape[1] {
                    let range = channel * plane..<(channel + 1) * plane
                    switch self {
                    case .zero: break
                    case .mean:
                        let mean = values[range].reduce(0) { $0 + Double($1) } / Double(plane)
                        target[range].update(repeating: Float(mean))
                    case .values(let fill): target[range].update(repeating: fill[channel])
                    case .blur:
                        blurred(
                            UnsafeBufferPointer(rebasing: values[range]), width: input.shape[3],
                            deviation: Double(min(input.shape[2], input.shape[3])) / 16,
                            into: UnsafeMutableBufferPointer(rebasing: target[range]))
                    }
                }
            }
        }
    }
}

/// A Gaussian over a plane, separably; at the edges the weights inside are scaled to sum to 1.
private func blurred(
    _ plane: UnsafeBufferPointer<Float>, width: Int, deviation: Double, into result: UnsafeMutableBufferPointer<Float>
) {
    let radius = max(Int((3 * deviation).rounded(.up)), 1)
    let variance = max(deviation * deviation, 0.01)
    let kernel = (-radius...radius).map { Float(exp(-Double($0 * $0) / (2 * variance))) }
    let height = plane.count / width
    var rows = [Float](repeating: 0, count: plane.count)
    func smooth(_ position: Int, of extent: Int, _ read: (Int) -> Float) -> Float {
        var (sum, weights): (Float, Float) = (0, 0)
        for other in max(position - radius, 0)...min(position + radius, extent - 1) {
            let weight = kernel[other - position + radius]
            sum += weight * read(other)
            weights += weight
        }
        return sum / weights
    }
    for y in 0..<height {
        for x in 0..<width { rows[y * width + x] = smooth(x, of: width) { plane[y * width + $0] } }
    }
    for y in 0..<height {
        for x in 0..<width { result[y * width + x] = smooth(y, of: height) { rows[$0 * width + x] } }
    }
}
