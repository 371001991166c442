/// A convolution written out as a matrix: y = W·x. Each row holds the filter where one window stands.
///
/// As in all networks the filter is not flipped (a correlation), and there is one channel. W is sparse and its rows repeat
/// each other; that is all there is to a convolution. Its transpose spreads values back (Dumoulin and Visin 2016, "A guide
/// to convolution arithmetic for deep learning", arXiv:1603.07285, §4).
public struct ConvolutionMatrix: Sendable {
    public let vertical: WindowAxis
    public let horizontal: WindowAxis
    /// Row by row [f_h·f_w].
    public let filter: [Double]
    /// W [n_y, n], in two dimensions [n_y,h·n_y,w; n_h·n_w]: acts on values that are not padded yet, since what is added
    /// is zero and its columns are of no use.
    public let matrix: Matrix

    /// In two dimensions.
    ///
    /// - Throws: `DeconvolutionError` where the filter has not f_h·f_w values or the matrix would be too large.
    public init(
        filter: [Double], vertical: WindowAxis, horizontal: WindowAxis
    ) throws(DeconvolutionError) {
        guard filter.count == vertical.filter * horizontal.filter else {
            throw .size("a filter of \(vertical.filter)×\(horizontal.filter) has not \(filter.count) values")
        }
        self.filter = filter
        self.vertical = vertical
        self.horizontal = horizontal
        var matrix = try Matrix(
            rows: vertical.outputs * horizontal.outputs, columns: vertical.length * horizontal.length)
        for row in 0..<vertical.outputs {
            for column in 0..<horizontal.outputs {
                for (tap, weight) in filter.enumerated() {
                    let y = row * vertical.stride + tap / horizontal.filter - vertical.padding
                    let x = column * horizontal.stride + tap % horizontal.filter - horizontal.padding
                    guard (0..<vertical.length).contains(y), (0..<horizontal.length).contains(x) else { continue }
                    matrix[row * horizontal.outputs + column, y * horizontal.length + x] = weight
                }
            }
        }
        self.matrix = matrix
    }

    /// In one dimension.
    public init(filter: [Double], axis: WindowAxis) throws(DeconvolutionError) {
        try self.init(filter: filter, vertical: .single, horizontal: axis)
    }

    /// y = W·x.
    public func convolution(of x: [Double]) throws(DeconvolutionError) -> [Double] { try matrix.times(x) }

    /// x̂ = Wᵀ·y: the transposed convolution, "deconvolution" by a name that promises too much.
    public func transposedConvolution(of y: [Double]) throws(DeconvolutionError) -> [Double] {
        try matrix.transposed.times(y)
    }
}
