import Foundation

/// What gradient ascent moves, and the image [C,H,W] that it means.
public protocol ImageParametrization: Sendable {
    /// Numbers that are moved.
    var count: Int { get }
    /// Whether the image keeps within the colours there are, whatever the parameters.
    var isBounded: Bool { get }
    func image(of parameters: [Float]) -> [Float]
    /// The gradient with respect to the parameters, from that with respect to the image: the transpose of the Jacobian.
    ///
    /// - Parameter image: what the parameters mean.
    func gradient(at image: [Float], signal: [Float]) -> [Float]
}

/// The pixels themselves.
public struct PixelParametrization: ImageParametrization {
    public let count: Int
    public var isBounded: Bool { false }

    public init(_ extents: ImageExtents) { count = extents.count }

    public func image(of parameters: [Float]) -> [Float] { parameters }
    public func gradient(at image: [Float], signal: [Float]) -> [Float] { signal }
}

/// Waves of falling strength: u = H(d ⊙ z), with d ∝ 1/frequency, the spectrum of photos. A step then moves what is coarse
/// more than what is fine, and neighbours together (Olah, Mordvintsev and Schubert 2017, "Feature Visualization",
/// Preconditioning and Parameterization). Of three channels the colours are decorrelated as well, and a sigmoid keeps
/// them between black and white: x = (σ(M·u)·white − mean)/deviation.
public struct FourierParametrization: ImageParametrization {
    public let extents: ImageExtents
    private let transform: HartleyTransform
    /// d [h·w], scaled such that z of variance 1 gives u of variance 1.
    private let strengths: [Float]
    private let colours: Colours?

    /// How the network's input is made of colours.
    private struct Colours: Sendable {
        let white: Float
        let mean: [Float]
        let deviation: [Float]
    }

    /// The root of the covariance of the colours of photos, of ImageNet as Olah et al. publish it with Lucid, its longest
    /// column scaled to length 1. Rows are red, green and blue; columns brightness and two differences.
    static let colourRoot: [[Float]] = {
        let published: [[Float]] = [[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]]
        let lengths = (0..<3).map { column in published.reduce(Float(0)) { $0 + $1[column] * $1[column] }.squareRoot() }
        let longest = lengths.max() ?? 1
        return published.map { row in row.map { $0 / longest } }
    }()

    /// - Parameter normalization: nil where it is not known; the image is then u itself.
    public init(_ extents: ImageExtents, normalization: Question.Normalization?) {
        self.extents = extents
        transform = HartleyTransform(height: extents.height, width: extents.width)
        let lowest = 1 / Double(max(extents.height, extents.width))
        let falling = transform.frequencies.map { 1 / max($0, lowest) }
        let meanSquare = falling.reduce(0) { $0 + $1 * $1 } / Double(falling.count)
        strengths = falling.map { Float($0 / meanSquare.squareRoot()) }
        if let normalization, extents.channels == 3, normalization.mean.count == 3, normalization.deviation.count == 3 {
            colours = Colours(
                white: 255 * normalization.scale, mean: normalization.mean, deviation: normalization.deviation)
        } else {
            colours = nil
        }
    }

    public var count: Int { extents.count }
    public var isBounded: Bool { colours != nil }

    public func image(of parameters: [Float]) -> [Float] {
        var image = waves(parameters)
        guard let colours else { return image }
        let planes = extents.planeCount
        for index in 0..<planes {
            let u = (image[index], image[planes + index], image[2 * planes + index])
            for channel in 0..<3 {
                let value = sigmoid(mixed(u, channel)) * colours.white
                image[channel * planes + index] = (value - colours.mean[channel]) / colours.deviation[channel]
            }
        }
        return image
    }

    public func gradient(at image: [Float], signal: [Float]) -> [Float] {
        var back = signal
        if let colours {
            let planes = extents.planeCount
            for index in 0..<planes {
                for column in 0..<3 { back[column * planes + index] = 0 }
                for channel in 0..<3 {
                    // σ' = σ·(1 − σ), and σ is the colour.
                    let position = channel * planes + index
                    let value = (image[position] * colours.deviation[channel] + colours.mean[channel]) / colours.white
                    let slope = value * (1 - value) * colours.white / colours.deviation[channel]
                    let passed = signal[position] * slope
                    for column in 0..<3 { back[column * planes + index] += passed * Self.colourRoot[channel][column] }
                }
            }
        }
        back = transform.applied(to: back)
        for index in back.indices { back[index] *= strengths[index % strengths.count] }
        return back
    }

    private func waves(_ parameters: [Float]) -> [Float] {
        var scaled = parameters
        for index in scaled.indices { scaled[index] *= strengths[index % strengths.count] }
        return transform.applied(to: scaled)
    }

    /// Row `channel` of M·u.
    private func mixed(_ u: (Float, Float, Float), _ channel: Int) -> Float {
        let row = Self.colourRoot[channel]
        return row[0] * u.0 + row[1] * u.1 + row[2] * u.2
    }

    private func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }
}
