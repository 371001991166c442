import Foundation
package import Tensors

/// The blur that insertion begins with, as the authors' program has it: SciPy's Gaussian filter of deviation 5 on a single
/// point in a field of 11×11 pixels, whose edges reflect, makes the kernel; beyond the photo's edge is 0.
package enum RISEBlur {
    private static let length = 11
    private static let deviation = 5.0

    /// One axis of the kernel [11]; they sum to 1.
    package static let kernel: [Float] = {
        // SciPy cuts the Gaussian at four deviations.
        let reach = Int(4 * deviation + 0.5)
        let weights = (-reach...reach).map { exp(-0.5 * Double($0 * $0) / (deviation * deviation)) }
        let sum = weights.reduce(0, +)
        return (0..<length).map { place in
            var value = 0.0
            for (offset, weight) in zip(-reach...reach, weights) {
                let period = 2 * length
                let wrapped = ((place + offset) % period + period) % period
                if min(wrapped, period - 1 - wrapped) == length / 2 { value += weight / sum }
            }
            return Float(value)
        }
    }()

    /// An image [1,C,H,W], each channel by itself.
    package static func blurred(_ image: Tensor) -> Tensor {
        let (height, width) = (image.shape[2], image.shape[3])
        let narrow = convolved(image, extent: width, stride: 1)
        return convolved(narrow, extent: height, stride: width)
    }

    /// Along the axis whose neighbours are `stride` values apart.
    private static func convolved(_ image: Tensor, extent: Int, stride: Int) -> Tensor {
        let reach = length / 2
        return Tensor(shape: image.shape) { target in
            image.withUnsafeValues { source in
                kernel.withUnsafeBufferPointer { kernel in
                    for index in target.indices {
                        let place = index / stride % extent
                        var sum: Float = 0
                        for tap in max(reach - place, 0)..<min(length, extent - place + reach) {
                            sum += kernel[tap] * source[index + (tap - reach) * stride]
                        }
                        target[index] = sum
                    }
                }
            }
        }
    }
}
