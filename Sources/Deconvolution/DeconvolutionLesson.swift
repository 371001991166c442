/// The numbers of `interpretctl lesson deconvolution`: one small convolution with everything that is said of its inverse.
public struct DeconvolutionLesson: Codable, Sendable, Hashable {
    /// Of an edge filter, which of its strides have orthogonal rows.
    public struct Orthogonality: Codable, Sendable, Hashable {
        public let stride: Int
        public let outputs: Int
        /// WWᵀ.
        public let gram: Matrix
        public let areRowsOrthogonal: Bool
        /// WWᵀ = I.
        public let areRowsOrthonormal: Bool
    }

    /// How far Wᵀ·W·x is from x.
    public struct RoundTrip: Codable, Sendable, Hashable {
        public let name: String
        public let isSquare: Bool
        public let areRowsOrthonormal: Bool
        /// ‖Wᵀy − x‖/‖x‖.
        public let distance: Double
    }

    public let axis: WindowAxis
    public let filter: [Double]
    /// x before padding, n values.
    public let input: [Double]
    /// The same with its zeros: what W is applied to.
    public let paddedInput: [Double]
    /// W over the padded values [n_y, n + 2p].
    public let matrix: Matrix
    /// y = W·x.
    public let output: [Double]
    /// Wᵀ·y over the padded values [n + 2p].
    public let transposed: [Double]
    /// y with zeros between and around.
    public let spread: [Double]
    public let flippedFilter: [Double]
    /// The same as `transposed`, by a convolution of `spread` with stride 1.
    public let subPixel: [Double]
    /// WWᵀ.
    public let gram: Matrix
    public let roundTrips: [RoundTrip]
    public let edgeFilter: [Double]
    public let edges: [Orthogonality]
    /// Maxima of `input` in pairs, where they stood, and put back there.
    public let pooled: [Double]
    public let switches: [Int]
    public let unpooled: [Double]

    /// The example of the lesson: n = 8 padded by 2 on either side, so 12 values; f = 4, s = 2; n_y = (12 − 4)/2 + 1 = 5.
    public static func example() throws(DeconvolutionError) -> DeconvolutionLesson {
        try DeconvolutionLesson(filter: [1, 2, 3, 4], length: 8, stride: 2, padding: 2)
    }

    /// - Throws: `DeconvolutionError` where the numbers make no convolution, or one too large to be printed.
    public init(filter: [Double], length: Int, stride: Int, padding: Int) throws(DeconvolutionError) {
        guard (1...32).contains(length), (0...32).contains(padding), filter.count <= 32, filter.allSatisfy(\.isFinite)
        else {
            throw .geometry("the lesson prints matrices: at most 32 values, 32 of padding and a filter of 32 numbers")
        }
        axis = try WindowAxis(length: length, filter: filter.count, stride: stride, padding: padding)
        self.filter = filter
        // Values without a pattern of their own, so that nothing comes out equal by chance.
        input = (0..<length).map { Double([3, -1, 4, 1, -5, 9, 2, -6, 5, 3, -5, 8][$0 % 12]) }
        let zeros = [Double](repeating: 0, count: padding)
        paddedInput = zeros + input + zeros
        let padded = try WindowAxis(length: axis.paddedLength, filter: filter.count, stride: stride)
        let convolution = try ConvolutionMatrix(filter: filter, axis: padded)
        matrix = convolution.matrix
        output = try convolution.convolution(of: paddedInput)
        transposed = try convolution.transposedConvolution(of: output)
        let subPixelConvolution = SubPixelConvolution(transposing: convolution)
        spread = try subPixelConvolution.spread(output)
        flippedFilter = subPixelConvolution.flippedFilter
        subPixel = try subPixelConvolution.result(of: output)
        gram = matrix.gram
        roundTrips = try Self.roundTrips(of: convolution, paddedInput)
        edgeFilter = [-1, 0, 0, 0, 1]
        edges = try Self.orthogonality(of: edgeFilter, over: max(axis.paddedLength, edgeFilter.count))
        let pairs = try SwitchedPooling(axis: WindowAxis(length: length, filter: min(2, length), stride: 2))
        (pooled, switches) = try pairs.pooled(input)
        unpooled = try pairs.unpooled(pooled, switches: switches)
    }

    /// The convolution itself, one with orthonormal rows that is not square, and one that is square as well.
    private static func roundTrips(
        of convolution: ConvolutionMatrix, _ x: [Double]
    ) throws(DeconvolutionError) -> [RoundTrip] {
        var trips = [try RoundTrip("this filter", convolution, x)]
        let half = try WindowAxis(length: x.count, filter: min(4, x.count), stride: 4)
        let weight = 1 / Double(half.filter).squareRoot()
        let blocks = try ConvolutionMatrix(filter: [Double](repeating: weight, count: half.filter), axis: half)
        trips.append(try RoundTrip("equal weights 1/√\(half.filter), stride 4: no overlap", blocks, x))
        let single = try ConvolutionMatrix(filter: [-1], axis: WindowAxis(length: x.count, filter: 1))
        trips.append(try RoundTrip("the filter (−1), stride 1", single, x))
        return trips
    }

    private static func orthogonality(
        of filter: [Double], over length: Int
    ) throws(DeconvolutionError) -> [Orthogonality] {
        var result: [Orthogonality] = []
        for stride in 1...6 {
            let axis = try WindowAxis(length: length, filter: filter.count, stride: stride)
            let gram = try ConvolutionMatrix(filter: filter, axis: axis).matrix.gram
            result.append(
                Orthogonality(
                    stride: stride, outputs: axis.outputs, gram: gram, areRowsOrthogonal: gram.largestOffDiagonal == 0,
                    areRowsOrthonormal: gram.distanceFromIdentity == 0))
        }
        return result
    }
}

extension DeconvolutionLesson.RoundTrip {
    fileprivate init(_ name: String, _ convolution: ConvolutionMatrix, _ x: [Double]) throws(DeconvolutionError) {
        self.name = name
        isSquare = convolution.matrix.isSquare
        areRowsOrthonormal = (convolution.matrix.gram.distanceFromIdentity ?? 1) < 1e-12
        let back = try convolution.transposedConvolution(of: try convolution.convolution(of: x))
        let lengths = (zip(back, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }, x.reduce(0) { $0 + $1 * $1 })
        distance = lengths.1 > 0 ? (lengths.0 / lengths.1).squareRoot() : 0
    }
}
