import CDNN
import Networks

/// A transposed convolution as convolutions of stride 1, one for each phase of its output (Shi et al. 2016, "Is the
/// deconvolution layer the same as a convolutional layer?", arXiv:1609.07009).
///
/// Along an axis with stride s, output s·j + r is reached only by those taps t of the window for which r + padding − t
/// is a multiple of s. So the outputs of a phase r are an ordinary convolution of the input with these taps, in reverse
/// order. Phases whose convolutions lie alike over the input are computed as one, with as many times the channels.
struct OutputPhases {
    /// What one phase is along one axis.
    struct Axis: Hashable {
        /// r: the first output of the phase; the others follow at distances of the stride.
        let first: Int
        /// Positions in the window, in the order of the convolution that computes the phase.
        let taps: [Int]
        /// Input values from one tap to the next.
        let dilation: Int
        /// Zeros before the input and behind it; negative where the input is cropped.
        let begin: Int
        let end: Int
        /// How many outputs the phase has.
        let count: Int

        /// Whether the two are the same convolution but for its weights.
        fileprivate func liesLike(_ other: Axis) -> Bool {
            taps.count == other.taps.count && dilation == other.dilation && begin == other.begin && end == other.end
                && count == other.count
        }
    }

    /// Phases that are computed as one convolution, each with its two axes.
    struct Group {
        let phases: [[Axis]]
        /// The geometry that they share.
        var axes: [Axis] { phases[0] }
    }

    let groups: [Group]
    /// Of the output, by axis.
    let stride: [Int]

    /// - Parameters:
    ///   - input, output: spatial extents, [H,W] each.
    ///   - begin: what is cut off the unpadded result's beginning, by axis.
    ///   - joins: whether phases may share a convolution.
    /// - Returns: nil where some phase has no tap or crops the input, and for other than two axes.
    init?(_ convolution: TransposedConvolution, input: [Int], output: [Int], begin: [Int], joins: Bool) {
        guard input.count == 2 else { return nil }
        let window = convolution.window
        stride = window.stride
        var axes: [[Axis]] = []
        for axis in 0..<2 {
            let phases = (0..<min(window.stride[axis], output[axis])).map {
                OutputPhases.phase(
                    $0, window: window, axis: axis, input: input[axis], output: output[axis], begin: begin[axis])
            }
            guard phases.allSatisfy({ !$0.taps.isEmpty && $0.begin >= 0 && $0.end >= 0 }) else { return nil }
            axes.append(phases)
        }
        var groups: [[[Axis]]] = []
        for row in axes[0] {
            for column in axes[1] {
                let alike = groups.firstIndex { joins && $0[0][0].liesLike(row) && $0[0][1].liesLike(column) }
                if let alike { groups[alike].append([row, column]) } else { groups.append([[row, column]]) }
            }
        }
        self.groups = groups.map(Group.init)
    }

    private static func phase(
        _ first: Int, window: Window, axis: Int, input: Int, output: Int, begin: Int
    ) -> Axis {
        let (stride, dilation) = (window.stride[axis], window.dilation[axis])
        let reaching = (0..<window.kernel[axis]).filter { (first + begin - $0 * dilation) % stride == 0 }
        // Tap t of output s·j + r reads input j + (r + begin − t·d)/s: the last tap reads the first value.
        let taps = Array(reaching.reversed())
        let offsets = taps.map { (first + begin - $0 * dilation) / stride }
        let count = (output - first + stride - 1) / stride
        return Axis(
            first: first, taps: taps, dilation: offsets.count > 1 ? offsets[1] - offsets[0] : 1,
            begin: -(offsets.first ?? 0), end: count - 1 + (offsets.last ?? 0) - (input - 1), count: count)
    }
}

/// Puts the phases of an output where they belong.
struct PhaseInterleaving {
    /// Where the values of one phase lie among those of its group, and where they go.
    struct Copy {
        /// Which of the tensors read.
        let source: Int
        /// Its number in the group, and how many there are.
        let slot: Int
        let slots: Int
        let row: OutputPhases.Axis
        let column: OutputPhases.Axis
    }

    let copies: [Copy]
    let stride: [Int]
    /// [N,O,H,W] of the output.
    let output: [Int]
    /// Channels that lie beside each other: a block of them, or all.
    let run: Int

    init(_ phases: OutputPhases, output: [Int], run: Int) {
        copies = phases.groups.enumerated().flatMap { source, group in
            group.phases.enumerated().map { slot, axes in
                Copy(source: source, slot: slot, slots: group.phases.count, row: axes[0], column: axes[1])
            }
        }
        stride = phases.stride
        (self.output, self.run) = (output, run)
    }

    /// - Parameter addresses: of the groups' results, and of the output.
    func run(_ addresses: [UnsafeMutableRawPointer]) {
        let target = addresses[addresses.count - 1].assumingMemoryBound(to: Float.self)
        let blocks = (output[1] + run - 1) / run
        for item in 0..<output[0] {
            for block in 0..<blocks {
                let plane = target + (item * blocks + block) * output[2] * output[3] * run
                for copy in copies {
                    let source = addresses[copy.source].assumingMemoryBound(to: Float.self)
                    let (rows, columns) = (copy.row.count, copy.column.count)
                    // With all channels beside each other, a group's phases are too; else they follow as blocks do.
                    let isWhole = blocks == 1 && run == output[1]
                    let step = isWhole ? copy.slots * run : run
                    let start =
                        isWhole
                        ? item * rows * columns * step + copy.slot * run
                        : ((item * copy.slots + copy.slot) * blocks + block) * rows * columns * run
                    for row in 0..<rows {
                        var from = source + start + row * columns * step
                        var to =
                            plane + ((copy.row.first + row * stride[0]) * output[3] + copy.column.first) * run
                        for _ in 0..<columns {
                            to.update(from: from, count: run)
                            from += step
                            to += stride[1] * run
                        }
                    }
                }
            }
        }
    }
}
