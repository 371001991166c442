/// Makes a network's probabilities mean what they say, by a scale and a shift of its scores: a·s + b.
///
/// Of exclusive classes: temperature scaling has one a = 1/T for all, and no b, so the order of the classes stays (Guo,
/// Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks", §4.2); vector scaling has an a and a b a
/// class (there, "matrix and vector scaling"). Of independent labels each has its own a and b (Platt 1999, "Probabilistic
/// Outputs for Support Vector Machines").
public struct ScoreScaling: Sendable, Hashable {
    /// a, one for all classes or one a class.
    public let scale: [Double]
    /// b, one a class; empty for none.
    public let shift: [Double]

    /// A scale beyond this says that the scores say nothing, or everything.
    public static let scales = 0.001...1000

    public init(scale: [Double], shift: [Double]) {
        self.scale = scale
        self.shift = shift
    }

    /// Leaves scores as they are.
    public static let none = ScoreScaling(scale: [1], shift: [])

    /// T, where one number scales all classes.
    public var temperature: Double? { scale.count == 1 && shift.isEmpty ? 1 / scale[0] : nil }

    /// The scores scaled [classes].
    public func callAsFunction(_ scores: [Float]) -> [Float] {
        scores.indices.map { Float(factor($0) * Double(scores[$0]) + summand($0)) }
    }

    /// The scores before they were scaled [classes].
    public func undone(_ scores: [Float]) -> [Float] {
        scores.indices.map { Float((Double(scores[$0]) - summand($0)) / factor($0)) }
    }

    private func factor(_ index: Int) -> Double { scale.count == 1 ? scale[0] : scale[index] }
    private func summand(_ index: Int) -> Double { shift.isEmpty ? 0 : shift[index] }

    /// Whether it is one of so many classes, with scales that can be.
    func fits(classes: Int?) -> Bool {
        (scale.count == 1 || scale.count == classes) && (shift.isEmpty || shift.count == classes)
            && scale.allSatisfy(Self.scales.contains) && shift.allSatisfy(\.isFinite)
    }
}
