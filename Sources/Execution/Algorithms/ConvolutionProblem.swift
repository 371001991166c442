import CDNN

/// A convolution with what is computed along with it: everything that its speed depends on.
struct ConvolutionProblem {
    enum Direction: String {
        case forward, backward
    }

    /// A tensor that is added to the result before the activation.
    enum Residual: String {
        case none
        /// Lies where the result shall be, and is overwritten.
        case inPlace
        /// Lies elsewhere, and is still needed.
        case beside
    }

    let direction: Direction
    /// [N,C,…] of the forward convolution.
    let input: [Int]
    /// [O,I,k…] or [G,O/G,I/G,k…].
    let weights: [Int]
    let output: [Int]
    let window: cdnn_window
    var hasBias = false
    var residual = Residual.none
    var activation: EltwiseActivation?
    /// Whether a derivative passes through the result.
    var isDifferentiated = false

    /// The text that its fastest algorithm is remembered under.
    var key: String {
        func list(_ values: [Int]) -> String { values.map(String.init).joined(separator: "x") }
        func list(_ values: (Int64, Int64, Int64)) -> String {
            list([values.0, values.1, values.2].prefix(Int(window.spatial)).map(Int.init))
        }
        return "\(direction.rawValue) \(list(input)) \(list(weights)) stride \(list(window.stride)) "
            + "dilation \(list(window.dilation)) padding \(list(window.pad_begin))+\(list(window.pad_end))"
            + (hasBias ? " bias" : "") + (residual == .none ? "" : " \(residual.rawValue)")
            + (activation.map { " \($0.key)" } ?? "")
            + (isDifferentiated ? " differentiated" : "")
    }

    /// The ways that may be chosen for their speed.
    ///
    /// Where a maximum is nearly a tie, or a ReLU's input nearly 0, rounding decides which way a gradient goes. Every
    /// order of summation rounds in its own way; Winograd's rounds more, so where derivatives pass, values are computed
    /// directly. Back, the map is linear and nothing can tip over; Winograd is used there with turned weights alone, as
    /// the library's own way back transforms all weights in every pass.
    func candidates(in arrangement: Arrangement) -> [ConvolutionAlgorithm] {
        ConvolutionAlgorithm.all(in: arrangement).filter { algorithm in
            switch direction {
            case .forward: !algorithm.turnsWeights && (algorithm.method == .direct || !isDifferentiated)
            case .backward: algorithm.method == .direct || algorithm.turnsWeights
            }
        }
    }

    // MARK: Compiling

    /// A primitive with the names of its arguments.
    struct Compiled {
        let primitive: Primitive
        /// Nil where there is but one way, as for fully-connected layers.
        let algorithm: ConvolutionAlgorithm?
        let source: cdnn_argument
        let destination: cdnn_argument
        var turnsWeights: Bool { algorithm?.turnsWeights ?? false }
        /// Weight extents as the primitive sees them.
        let weightExtents: [Int]
        /// Where the residual goes; the destination itself where it is summed in place.
        let residual: Residual
    }

    /// - Throws: where the algorithm cannot do it.
    func compiled(by algorithm: ConvolutionAlgorithm, on engine: Engine) throws(KernelStatus) -> Compiled {
        let kind =
            switch algorithm.method {
            case .direct: CDNN_CONVOLUTION_DIRECT
            case .winograd: CDNN_CONVOLUTION_WINOGRAD
            case .toomCook, .eightBit: throw KernelStatus(code: Int32(CDNN_UNIMPLEMENTED))
            }
        let number = Int32(algorithm.implementation)
        if direction == .backward, !algorithm.turnsWeights {
            var window = window
            let sourceGradient = try layout(input, algorithm.arrangement)
            let filter = try Layout.any(weights)
            let destinationGradient = try layout(output, algorithm.arrangement)
            let primitive = try Primitive {
                cdnn_convolution_backward_by(
                    $0, engine.handle, number, kind, &window, sourceGradient.handle, filter.handle,
                    destinationGradient.handle)
            }
            return Compiled(
                primitive: primitive, algorithm: algorithm, source: CDNN_ARG_DIFF_DST, destination: CDNN_ARG_DIFF_SRC,
                weightExtents: weights, residual: .none)
        }
        guard let turned = direction == .forward ? (algorithm.turnsWeights ? nil : window) : window.turned else {
            throw KernelStatus(code: Int32(CDNN_UNIMPLEMENTED))
        }
        var window = turned
        let (from, to) = direction == .forward ? (input, output) : (output, input)
        let weightExtents = direction == .forward ? weights : turnedWeights
        // Winograd's kernels add nothing but what already lies at the destination.
        var residual = residual == .beside && algorithm.method == .winograd ? .inPlace : residual
        let source = try layout(from, algorithm.arrangement)
        let filter = try Layout.any(weightExtents)
        let bias = try hasBias ? Layout.plain([to[1]]) : nil
        func compile(_ destination: Layout, _ postOps: [cdnn_post_op]) throws(KernelStatus) -> Primitive {
            try Primitive {
                cdnn_convolution_forward_by(
                    $0, engine.handle, number, kind, &window, source.handle, filter.handle, bias?.handle,
                    destination.handle, Int32(postOps.count), postOps)
            }
        }
        var destination = try layout(to, algorithm.arrangement)
        if residual != .none, algorithm.arrangement == .library {
            destination = try compile(destination, []).requiredLayout(CDNN_ARG_DST)
        }
        func postOps(_ residual: Residual) -> [cdnn_post_op] {
            let sum: [cdnn_post_op] =
                switch residual {
                case .none: []
                case .inPlace: [.sum]
                case .beside: [.adding(destination)]
                }
            return sum + (activation.map { [$0.postOp] } ?? [])
        }
        var primitive = try compile(destination, postOps(residual))
        // Not every fast kernel adds what lies elsewhere, but all add what lies at the destination.
        if residual == .beside, primitive.implementation.hasPrefix("ref") {
            residual = .inPlace
            primitive = try compile(destination, postOps(residual))
        }
        extendLifetime(destination)
        return Compiled(
            primitive: primitive, algorithm: algorithm, source: CDNN_ARG_SRC, destination: CDNN_ARG_DST,
            weightExtents: weightExtents, residual: residual)
    }

    /// [O,I,k…] → [I,O,k…], each group by itself.
    private var turnedWeights: [Int] {
        var turned = weights
        turned.swapAt(turned.count - input.count, turned.count - input.count + 1)
        return turned
    }

    private func layout(_ extents: [Int], _ arrangement: Arrangement) throws(KernelStatus) -> Layout {
        switch arrangement {
        case .library: return try Layout.any(extents)
        case .channelsLast: return try Layout.channelsLast(extents)
        // An image has fewer channels than a block; kernels for it read it as it is, and what they write is theirs.
        case .blocked: return extents[1] < 8 ? try Layout.any(extents) : try Layout.blocked(extents)
        }
    }
}

extension cdnn_post_op {
    /// Plus what lies at the destination.
    static var sum: cdnn_post_op {
        var operation = cdnn_post_op()
        operation.kind = CDNN_POST_SUM
        return operation
    }

    /// Plus another tensor; the layout must outlive the call that takes the operation.
    static func adding(_ layout: Layout) -> cdnn_post_op {
        var operation = cdnn_post_op()
        operation.kind = CDNN_POST_BINARY
        operation.binary = CDNN_BINARY_ADD
        operation.source = layout.handle
        return operation
    }
}

extension cdnn_window {
    /// The window of the convolution with turned weights that takes a signal back; nil where there is none.
    fileprivate var turned: cdnn_window? {
        var turned = self
        for axis in 0..<Int(spatial) {
            let kernel = [kernel.0, kernel.1, kernel.2][axis]
            let dilation = [dilation.0, dilation.1, dilation.2][axis]
            let stride = [stride.0, stride.1, stride.2][axis]
            let begin = (kernel - 1) * dilation - [pad_begin.0, pad_begin.1, pad_begin.2][axis]
            let end = (kernel - 1) * dilation - [pad_end.0, pad_end.1, pad_end.2][axis]
            guard stride == 1, begin >= 0, end >= 0 else { return nil }
            turned.set(
                axis, kernel: Int(kernel), stride: 1, dilation: Int(dilation), begin: Int(begin), end: Int(end))
        }
        return turned
    }
}
