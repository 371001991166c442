/// Where the window of a convolution or pooling stands, per spatial axis.
public struct Window: Sendable, Hashable {
    /// How the padding is found.
    public enum Padding: Sendable, Hashable {
        case explicit(begin: [Int], end: [Int])
        /// There is as much as makes the output ⌈input / stride⌉; the odd one goes to the end or to the beginning.
        case same(oddAtEnd: Bool)
    }

    public var kernel: [Int]
    public var stride: [Int]
    public var dilation: [Int]
    public var padding: Padding
    /// The last window may start inside and end outside of the padded input (pooling only).
    public var roundsUp: Bool

    public init(kernel: [Int], stride: [Int], dilation: [Int], padding: Padding, roundsUp: Bool = false) {
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        self.padding = padding
        self.roundsUp = roundsUp
    }

    /// The input values a window spans: (kernel − 1)·dilation + 1.
    public func span(_ axis: Int) -> Int { (kernel[axis] - 1) * dilation[axis] + 1 }

    /// Explicit padding for an input of these spatial extents.
    public func padding(for extents: [Int]) -> (begin: [Int], end: [Int]) {
        switch padding {
        case .explicit(let begin, let end):
            return (begin, end)
        case .same(let oddAtEnd):
            var begin: [Int] = []
            var end: [Int] = []
            for axis in extents.indices {
                let outputs = (extents[axis] + stride[axis] - 1) / stride[axis]
                let total = max(0, (outputs - 1) * stride[axis] + span(axis) - extents[axis])
                begin.append(oddAtEnd ? total / 2 : total - total / 2)
                end.append(oddAtEnd ? total - total / 2 : total / 2)
            }
            return (begin, end)
        }
    }

    /// Spatial extents of the output, and nil where the window does not fit the padded input.
    public func outputExtents(for extents: [Int]) -> [Int]? {
        let (begin, end) = padding(for: extents)
        var result: [Int] = []
        for axis in extents.indices {
            let room = extents[axis] + begin[axis] + end[axis] - span(axis)
            guard room >= 0, extents[axis] > 0 else { return nil }
            var count = room / stride[axis] + 1
            if roundsUp, room % stride[axis] != 0, count * stride[axis] < extents[axis] + begin[axis] {
                // A window that would start in the end padding is left out, as PyTorch and ONNX do.
                count += 1
            }
            result.append(count)
        }
        return result
    }
}

public struct Convolution: Sendable, Hashable {
    public var window: Window
    public var groups: Int
    /// Every sum of products is to be exact as long as it is an integer below 2²⁴: no algorithm may transform the values
    /// first.
    public var isExact: Bool

    public init(window: Window, groups: Int, isExact: Bool = false) {
        self.window = window
        self.groups = groups
        self.isExact = isExact
    }
}

/// The vector-Jacobian product of a convolution with the same window, used forward.
public struct TransposedConvolution: Sendable, Hashable {
    /// The window of that convolution, whose input is the output here.
    public var window: Window
    public var groups: Int
    /// Rows and columns added to the output's end, per spatial axis.
    public var outputPadding: [Int]
    /// The output's spatial extents, where they decide the padding instead of the other way round.
    public var outputExtents: [Int]?

    public init(window: Window, groups: Int, outputPadding: [Int], outputExtents: [Int]?) {
        self.window = window
        self.groups = groups
        self.outputPadding = outputPadding
        self.outputExtents = outputExtents
    }

    /// Where the output begins in the unpadded result, and how long it is, per spatial axis; nil where nothing is left.
    public func output(for extents: [Int]) -> (begin: [Int], extents: [Int])? {
        var begins: [Int] = []
        var results: [Int] = []
        for axis in extents.indices {
            let full = (extents[axis] - 1) * window.stride[axis] + window.span(axis) + outputPadding[axis]
            var begin = 0
            var length = full
            switch (window.padding, outputExtents) {
            case (.explicit(let first, let last), nil):
                begin = first[axis]
                length = full - first[axis] - last[axis]
            case (.same(let oddAtEnd), let declared):
                length = declared?[axis] ?? extents[axis] * window.stride[axis]
                let total = max(0, full - length)
                begin = oddAtEnd ? total / 2 : total - total / 2
            case (.explicit, let declared?):
                length = declared[axis]
                let total = max(0, full - length)
                begin = total - total / 2
            }
            guard length > 0 else { return nil }
            begins.append(begin)
            results.append(length)
        }
        return (begins, results)
    }
}

public struct Pooling: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case maximum, averageIncludingPadding, averageExcludingPadding }

    public var kind: Kind
    public var window: Window

    public init(kind: Kind, window: Window) {
        self.kind = kind
        self.window = window
    }
}

public enum GlobalPooling: Sendable, Hashable { case average, maximum }
