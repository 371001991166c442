/// The transposed convolution once more, as a convolution with stride 1: zeros between the values of y (s − 1 of them),
/// zeros around them (f − 1), the filter flipped, and the padding cut off (Shi et al. 2016, "Is the deconvolution layer the
/// same as a convolutional layer?", arXiv:1609.07009).
///
/// With "sub-pixels" of width 1/s between the values of y it is an ordinary convolution on a finer grid, hence the name.
public struct SubPixelConvolution: Sendable {
    public let vertical: WindowAxis
    public let horizontal: WindowAxis
    /// Of the convolution that is transposed, not flipped, row by row.
    public let filter: [Double]

    /// Of the convolution that has this matrix.
    public init(transposing convolution: ConvolutionMatrix) {
        vertical = convolution.vertical
        horizontal = convolution.horizontal
        filter = convolution.filter
    }

    /// The filter turned by 180°.
    public var flippedFilter: [Double] { filter.reversed() }

    /// x̂ [n_h·n_w] of y [n_y,h·n_y,w].
    public func result(of y: [Double]) throws(DeconvolutionError) -> [Double] {
        let spread = try spread(y)
        let width = spreadLength(horizontal)
        let flipped = flippedFilter
        var result: [Double] = []
        // Begins behind the padding; what lies beyond the last window is reached by none.
        for row in vertical.padding..<vertical.padding + vertical.length {
            for column in horizontal.padding..<horizontal.padding + horizontal.length {
                var sum = 0.0
                for (tap, weight) in flipped.enumerated() {
                    sum +=
                        weight * spread[(row + tap / horizontal.filter) * width + column + tap % horizontal.filter]
                }
                result.append(sum)
            }
        }
        return result
    }

    /// y with zeros between and around it, row by row.
    public func spread(_ y: [Double]) throws(DeconvolutionError) -> [Double] {
        guard y.count == vertical.outputs * horizontal.outputs else {
            throw .size("there are \(vertical.outputs * horizontal.outputs) windows, got \(y.count) values")
        }
        let width = spreadLength(horizontal)
        var spread = [Double](repeating: 0, count: spreadLength(vertical) * width)
        for row in 0..<vertical.outputs {
            for column in 0..<horizontal.outputs {
                let place =
                    (vertical.filter - 1 + row * vertical.stride) * width + horizontal.filter - 1
                    + column * horizontal.stride
                spread[place] = y[row * horizontal.outputs + column]
            }
        }
        return spread
    }

    /// Length of y with everything around it: as long as the padded x and f − 1 more, so that every padded value gets a
    /// window.
    public func spreadLength(_ axis: WindowAxis) -> Int { axis.paddedLength + axis.filter - 1 }
}
