import Tensors

/// How an image is made for an activation. Left as it is, gradient ascent on s(x) − λ‖x‖² and nothing else (Simonyan et al.
/// 2013, §2, eq. 1).
public struct AscentSettings: Sendable, Hashable {
    /// How a step is made of the gradient g.
    public enum Update: Sendable, Hashable {
        /// θ ← θ + η·g.
        case gradient
        /// Kingma and Ba 2015, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
        case adam
    }

    public var steps = 60
    /// η; nil lets the first step decide: such that it moves the parameters by ``firstMove``, root mean square. Stays the
    /// same from then on.
    public var rate: Double?
    /// λ.
    public var penalty = 1e-4
    public var update = Update.gradient
    public var seed: UInt64 = 0
    /// Images made at once, from different noise.
    public var starts = 1
    /// Standard deviation of the noise an image begins as, in units of the parameters.
    public var noise = 0.01
    /// Factor of the layer's likeness between the starts, which is subtracted from the objective; see ``Diversity``.
    public var diversity = 0.0
    /// Largest shift before each step, in pixels either way.
    public var jitter = 0
    /// Largest turn before each step, in degrees either way.
    public var rotation = 0.0
    /// Largest enlargement or reduction before each step, as a share.
    public var scaling = 0.0
    /// Standard deviation of the blur in front of the network, in pixels.
    public var blur = 0.0
    /// Factor of the total variation, which is subtracted from the objective.
    public var totalVariation = 0.0
    /// Moves waves and decorrelated colours instead of pixels.
    public var isDecorrelated = false

    public static let firstMove = 0.02

    public init() {}

    /// With the regularizers that make pictures people recognise (Olah et al. 2017).
    public static var regularized: AscentSettings {
        var settings = AscentSettings()
        settings.steps = 128
        settings.rate = 0.05
        settings.penalty = 0
        settings.update = .adam
        settings.noise = 0.3
        settings.jitter = 8
        settings.rotation = 5
        settings.scaling = 0.1
        settings.isDecorrelated = true
        return settings
    }

    /// - Throws: `badParameter` that names the setting.
    public func check() throws(InterpretationError) {
        func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(InterpretationError) {
            guard range.contains(value) else {
                throw .badParameter(
                    "\(name) should lie between \(range.lowerBound) and \(range.upperBound), got \(value)")
            }
        }
        try check("steps", Double(steps), 1...10_000)
        try check("rate", rate ?? 1, 1e-12...1e12)
        try check("lambda", penalty, 0...1e6)
        try check("starts", Double(starts), 1...16)
        try check("noise", noise, 0...10)
        try check("diversity", diversity, 0...1e6)
        try check("jitter", Double(jitter), 0...512)
        try check("rotate", rotation, 0...180)
        try check("scale", scaling, 0...0.9)
        try check("blur", blur, 0...32)
        try check("totalVariation", totalVariation, 0...1e6)
        guard diversity == 0 || starts > 1 else {
            throw .badParameter("diversity is between several images; ask for some with 'starts'")
        }
    }

    /// The transforms of one step of one start; the same for the same seed, step and start.
    func transforms(step: Int, start: Int) -> [any ImageTransform] {
        var generator = SeededGenerator(seed: seed &+ 0x5EED &+ UInt64(step) &* 1_000_003, sample: start)
        func between(_ limit: Double) -> Double { (2 * generator.uniform() - 1) * limit }
        let shift = (Int(between(Double(jitter) + 0.499).rounded()), Int(between(Double(jitter) + 0.499).rounded()))
        let (angle, size) = (between(rotation) * .pi / 180, 1 + between(scaling))
        var transforms: [any ImageTransform] = []
        if jitter > 0 { transforms.append(Jitter(down: shift.0, right: shift.1)) }
        if rotation > 0 || scaling > 0 { transforms.append(Similarity(angle: angle, scale: size)) }
        if blur > 0 { transforms.append(GaussianBlur(sigma: blur)) }
        return transforms
    }
}
