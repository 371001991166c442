import Foundation
package import Interpretation
package import Tensors

/// How far an attribution is from what the score does when pieces of the photo go (Yeh et al. 2019, "On the (In)fidelity and
/// Sensitivity of Explanations", definition 2.1): E[(I·Φ − (f(x) − f(x − I)))²], the lower the better.
public enum Infidelity {
    /// Of what was foretold and what happened, one pair a perturbation.
    ///
    /// - Parameter isNormalized: whether the attribution is scaled by the number that fits best, β = Σ fd / Σ f² (there,
    ///   §3.1; Captum's `normalize`), so that maps of different units can be compared.
    public static func value(foretold: [Double], happened: [Double], isNormalized: Bool) -> Double {
        guard !foretold.isEmpty else { return 0 }
        var scale = 1.0
        if isNormalized {
            let square = foretold.reduce(0) { $0 + $1 * $1 }
            let product = zip(foretold, happened).reduce(0) { $0 + $1.0 * $1.1 }
            scale = square > 0 ? product / square : 1
        }
        return zip(foretold, happened).reduce(0) { sum, pair in
            let error = scale * pair.0 - pair.1
            return sum + error * error
        } / Double(foretold.count)
    }

    /// What an attribution is of.
    public enum Attribution: Sendable {
        /// A slope of the score at each value of the input: the score changes by Φ·I.
        case slopes
        /// The share of the score that each value has: removing values takes their shares away.
        case shares
    }

    /// With perturbations that set squares of the photo to 0, the mean colour of a normalized input.
    ///
    /// - Parameters:
    ///   - image: [1,C,H,W].
    ///   - attribution: [C,H,W], or [H,W] where it is of pixels.
    ///   - samples: how many squares.
    ///   - seed: of where they lie.
    /// - Returns: relative to the mean square of what happened, so that it does not depend on the scores' unit: 0 foretells all,
    ///   1 nothing. 0 where nothing happened.
    package static func ofSquares(
        _ image: Tensor, _ attribution: Tensor, _ meaning: Attribution, samples: Int, seed: UInt64,
        _ scoring: some ImageScoring
    ) async throws(InterpretationError) -> Double {
        let squares = squares(samples, width: image.shape[3], height: image.shape[2], seed: seed)
        let (channels, plane) = (image.shape[1], image.shape[2] * image.shape[3])
        let foretold = squares.map { square in
            image.withUnsafeValues { image in
                attribution.withUnsafeValues { attribution in
                    var sum = 0.0
                    for channel in 0..<max(attribution.count / plane, 1) {
                        for pixel in square {
                            let place = channel * plane + pixel
                            let weight = meaning == .slopes && attribution.count == image.count ? image[place] : 1
                            sum += Double(attribution[place] * weight)
                        }
                    }
                    return sum
                }
            }
        }
        let numbers = try await scoring.numbers(samples + 1) { index, target in
            image.withUnsafeValues { _ = target.update(fromContentsOf: $0) }
            guard index > 0 else { return }
            for channel in 0..<channels {
                for pixel in squares[index - 1] { target[channel * plane + pixel] = 0 }
            }
        }
        let happened = numbers.dropFirst().map { numbers[0] - $0 }
        let square = happened.reduce(0) { $0 + $1 * $1 } / Double(max(samples, 1))
        guard square > 0 else { return 0 }
        return value(foretold: foretold, happened: happened, isNormalized: true) / square
    }

    /// The pixels of squares of a quarter of the shorter side, anywhere within the photo.
    private static func squares(_ count: Int, width: Int, height: Int, seed: UInt64) -> [[Int]] {
        let side = max(min(width, height) / 4, 1)
        return (0..<count).map { sample in
            var generator = SeededGenerator(seed: seed, sample: sample)
            let left = Int(generator.uniform() * Double(width - side + 1))
            let top = Int(generator.uniform() * Double(height - side + 1))
            return (top..<top + side).flatMap { y in (left..<left + side).map { y * width + $0 } }
        }
    }
}
