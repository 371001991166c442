import Tensors

/// Correlation of a line with a window of k weights, so many outputs at once with as many multiplications as there are
/// points: y = Aᵀ·((G·g) ⊙ (Bᵀ·d)), for m = points − k + 1 outputs instead of m·k (Toom 1963, Cook 1966; in this form
/// Winograd 1980, "Arithmetic Complexity of Computations", and Lavin and Gray 2016).
///
/// Two polynomials are multiplied by multiplying their values at some points and interpolating; the correlation is that
/// map's transpose. With Lagrange's Lᵢ for the finite points and M(x) = Π(x − pⱼ) for the one at infinity, where a
/// polynomial's value is its leading coefficient, the rows of Bᵀ are the coefficients of the Lᵢ and of M, and those of A
/// and G are the powers of the points. The finite points but 0 are of magnitude 1/2 to 2, which keeps rounding near
/// that of Winograd's 3×3 tiles (Barabasz et al. 2020, "Error Analysis and Improving the Accuracy of Winograd
/// Convolution for Deep Neural Networks").
package struct ToomCook {
    private static let finitePoints = [0, 1, -1, 2, -2, 0.5, -0.5, 4.0 / 3, -0.75]
    package static let points = finitePoints.count + 1
    /// Windows for which there are enough outputs to be worth it.
    package static let windows = 3...7

    /// The window's extent k.
    package let window: Int
    /// Outputs of a tile, m.
    package var outputs: Int { Self.points - window + 1 }
    /// Bᵀ [points,points], row by row.
    package let input: [Float]
    /// G [points,k].
    package let weights: [[Double]]
    /// Aᵀ [m,points], row by row.
    package let output: [Float]

    /// - Parameter window: within ``windows``.
    package init(window: Int) {
        self.window = window
        let (points, outputs) = (Self.points, Self.points - window + 1)
        // The rows are those of one point after the other.
        var basis = Self.finitePoints.map(Self.lagrange) + [Self.product(Self.finitePoints)]
        for index in basis.indices { basis[index] += [Double](repeating: 0, count: points - basis[index].count) }
        var weights = Self.powers(window)
        // Powers of two are moved between the two factors of each point, so that neither is much larger than the other.
        for index in basis.indices {
            let scale = 2.0.power((Self.norm(weights[index]) / Self.norm(basis[index])).squareRoot().exponent)
            for position in basis[index].indices { basis[index][position] *= scale }
            for position in weights[index].indices { weights[index][position] /= scale }
        }
        let powers = Self.powers(outputs)
        input = basis.joined().map(Float.init)
        self.weights = weights
        output = (0..<outputs).flatMap { row in powers.map { Float($0[row]) } }
    }

    /// 1, p, p², … at each point; at infinity the last coefficient counts alone.
    private static func powers(_ count: Int) -> [[Double]] {
        finitePoints.map { point in (0..<count).map { point.power($0) } }
            + [(0..<count).map { $0 == count - 1 ? 1 : 0 }]
    }

    /// Coefficients, the constant one first, of the polynomial that is 1 at the point and 0 at the other finite ones.
    private static func lagrange(_ point: Double) -> [Double] {
        let others = finitePoints.filter { $0 != point }
        let scale = others.reduce(1) { $0 * (point - $1) }
        return product(others).map { $0 / scale }
    }

    /// Coefficients of Π(x − p).
    private static func product(_ zeros: [Double]) -> [Double] {
        zeros.reduce([1]) { polynomial, zero in
            let shifted = [0] + polynomial
            return shifted.indices.map { shifted[$0] - ($0 < polynomial.count ? zero * polynomial[$0] : 0) }
        }
    }

    private static func norm(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    /// [O,C,1,k] or [O,C,k,1] → G·g [points,C,O].
    func transformed(_ tensor: Tensor) -> Tensor {
        let (outputs, channels) = (tensor.shape[0], tensor.shape[1])
        // Extents of a tensor that exists, and a few times as many values.
        guard let shape = try? Shape([Self.points, channels, outputs]) else { return tensor }
        return Tensor(shape: shape) { target in
            tensor.withUnsafeValues { source in
                for (point, factors) in weights.enumerated() {
                    for channel in 0..<channels {
                        for output in 0..<outputs {
                            let start = (output * channels + channel) * window
                            let sum = factors.indices.reduce(0) { $0 + factors[$1] * Double(source[start + $1]) }
                            target[(point * channels + channel) * outputs + output] = Float(sum)
                        }
                    }
                }
            }
        }
    }
}

extension Double {
    fileprivate func power(_ exponent: Int) -> Double {
        let product = (0..<abs(exponent)).reduce(1.0) { product, _ in product * self }
        return exponent < 0 ? 1 / product : product
    }
}
