import Interpretation
public import Tensors

/// How much an explanation can change where the photo hardly does (Yeh et al. 2019, definition 3.1): the largest of
/// ‖Φ(x + δ) − Φ(x)‖/‖Φ(x)‖ over perturbations within a radius, the lower the better.
public enum MaxSensitivity {
    /// Captum's: values of a normalized input change by at most this.
    public static let radius: Float = 0.02
    public static let samples = 10

    /// - Returns: nil where the explanation is 0 everywhere, or where the sizes differ.
    public static func value(of explanation: Tensor, perturbed: [Tensor]) -> Double? {
        guard perturbed.allSatisfy({ $0.count == explanation.count }) else { return nil }
        let length = explanation.withUnsafeValues { $0.reduce(0) { $0 + Double($1) * Double($1) } }.squareRoot()
        guard length > 0 else { return nil }
        var largest = 0.0
        for other in perturbed {
            let square = explanation.withUnsafeValues { own in
                other.withUnsafeValues { other in
                    zip(own, other).reduce(0.0) { sum, pair in
                        let difference = Double(pair.0) - Double(pair.1)
                        return sum + difference * difference
                    }
                }
            }
            largest = max(largest, square.squareRoot() / length)
        }
        return largest
    }

    /// The image with noise that is uniform in −radius…radius on each value.
    package static func perturbed(_ image: Tensor, radius: Float = radius, seed: UInt64, sample: Int) -> Tensor {
        var generator = SeededGenerator(seed: seed, sample: sample)
        return Tensor(shape: image.shape) { target in
            image.withUnsafeValues { image in
                for index in target.indices {
                    target[index] = image[index] + radius * Float(2 * generator.uniform() - 1)
                }
            }
        }
    }
}
