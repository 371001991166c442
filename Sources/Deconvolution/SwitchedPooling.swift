/// Max pooling that remembers where each maximum stood, and the way back (Zeiler and Fergus 2014, §2.1): pooling loses
/// where, the switches keep it.
///
/// For one given x pooling is a matrix P with a single 1 a row, y = P·x; unpooling is Pᵀ.
public struct SwitchedPooling: Sendable {
    public let vertical: WindowAxis
    public let horizontal: WindowAxis

    /// In two dimensions. Padding counts as −∞.
    ///
    /// - Throws: `DeconvolutionError.geometry` where a window could hold nothing but padding.
    public init(vertical: WindowAxis, horizontal: WindowAxis) throws(DeconvolutionError) {
        for axis in [vertical, horizontal] where axis.padding >= axis.filter {
            throw .geometry("padding \(axis.padding) must be less than the window's \(axis.filter), as all of it is")
        }
        self.vertical = vertical
        self.horizontal = horizontal
    }

    /// In one dimension.
    public init(axis: WindowAxis) throws(DeconvolutionError) {
        try self.init(vertical: .single, horizontal: axis)
    }

    /// The maxima of x [n_h·n_w] and the position of each [n_y,h·n_y,w]; of equal ones the first.
    public func pooled(_ x: [Double]) throws(DeconvolutionError) -> (values: [Double], switches: [Int]) {
        guard x.count == vertical.length * horizontal.length else {
            throw .size("there are \(vertical.length * horizontal.length) values to pool, got \(x.count)")
        }
        var values: [Double] = []
        var switches: [Int] = []
        for row in 0..<vertical.outputs {
            let rows = inside(vertical, row)
            for column in 0..<horizontal.outputs {
                let places = rows.flatMap { y in
                    inside(horizontal, column).map { y * horizontal.length + $0 }
                }
                guard var best = places.first else { throw .geometry("a window holds nothing but padding") }
                for place in places where x[place] > x[best] { best = place }
                values.append(x[best])
                switches.append(best)
            }
        }
        return (values, switches)
    }

    /// Each value where its maximum stood, zero elsewhere; of windows that share a maximum the last one's value stays, as
    /// `MaxUnpool` has it.
    public func unpooled(_ y: [Double], switches: [Int]) throws(DeconvolutionError) -> [Double] {
        try spread(y, switches) { _, new in new }
    }

    /// Pᵀ·y: values of windows that share a maximum are summed. This is what goes back through pooling in a backward walk.
    public func transposed(_ y: [Double], switches: [Int]) throws(DeconvolutionError) -> [Double] {
        try spread(y, switches, +)
    }

    private func spread(
        _ y: [Double], _ switches: [Int], _ combine: (Double, Double) -> Double
    ) throws(DeconvolutionError) -> [Double] {
        let count = vertical.length * horizontal.length
        guard y.count == switches.count, switches.allSatisfy({ (0..<count).contains($0) }) else {
            throw .size(
                "\(y.count) values and \(switches.count) switches do not belong to one pooling of \(count) values")
        }
        var result = [Double](repeating: 0, count: count)
        for (value, place) in zip(y, switches) { result[place] = combine(result[place], value) }
        return result
    }

    /// What of window `index` is not padding.
    private func inside(_ axis: WindowAxis, _ index: Int) -> Range<Int> {
        let start = index * axis.stride - axis.padding
        return max(start, 0)..<max(min(start + axis.filter, axis.length), max(start, 0))
    }
}
