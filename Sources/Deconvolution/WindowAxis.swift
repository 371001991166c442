/// One axis of a convolution: n values, padded on either side, under a filter of f values moved by s.
public struct WindowAxis: Hashable, Sendable, Codable {
    /// n: values before padding.
    public let length: Int
    /// f: values of the filter.
    public let filter: Int
    /// s.
    public let stride: Int
    /// p: zeros added at either end.
    public let padding: Int

    /// - Throws: `DeconvolutionError.geometry` unless all extents lie in 1…4096 (padding in 0…4096) and the filter fits at
    ///   least once.
    public init(length: Int, filter: Int, stride: Int = 1, padding: Int = 0) throws(DeconvolutionError) {
        let limit = 4096
        guard (1...limit).contains(length), (1...limit).contains(filter), (1...limit).contains(stride),
            (0...limit).contains(padding)
        else {
            throw .geometry("length, filter and stride should lie in 1…\(limit), the padding in 0…\(limit)")
        }
        guard length + 2 * padding >= filter else {
            throw .geometry(
                "a filter of \(filter) values does not fit on \(length) values padded to \(length + 2 * padding)")
        }
        self.length = length
        self.filter = filter
        self.stride = stride
        self.padding = padding
    }

    /// The axis that is not there, for what has one axis only.
    static let single = WindowAxis()

    private init() {
        (length, filter, stride, padding) = (1, 1, 1, 0)
    }

    /// n + 2p.
    public var paddedLength: Int { length + 2 * padding }

    /// n_y = ⌊(n + 2p − f)/s⌋ + 1: as often as the filter fits. Written with ⌈⌉ the formula adds a last window that hangs
    /// over the end; where s divides n + 2p − f both are the same.
    public var outputs: Int { (paddedLength - filter) / stride + 1 }

    /// How many of the padded values no window reaches, at the end.
    public var remainder: Int { (paddedLength - filter) % stride }
}
