import CDNN
import Networks

/// A convolution or transposed convolution as convolutions for each phase of its output (Shi et al. 2016, "Is the
/// deconvolution layer the same as a convolutional layer?", arXiv:1609.07009).
///
/// The outputs s·j + r of an axis are phase r. Of a transposed convolution with stride s they are reached only by those
/// taps t of the window for which r + padding − t is a multiple of s: an ordinary convolution of the input with these
/// taps, in reverse order. Of a convolution of stride 1 they are one of stride s, whose window lies r further on.
///
/// Phases whose convolutions lie alike over the input are computed as one, with as many times the channels. Others can be
/// as well, in a window that covers all of theirs, with zeros where a phase has no tap. That is more products, but where
/// there are few channels, kernels that compute ``Layout/blockWidth`` of them at a time have places to spare.
struct OutputPhases {
    /// What one phase is along one axis.
    struct Axis: Hashable {
        /// r: the first output of the phase; the others follow at distances of the stride.
        let first: Int
        /// Positions in the window, in the order of the convolution that computes the phase; nil where it has none.
        var taps: [Int?]
        /// Input values from one tap to the next.
        let dilation: Int
        /// Zeros before the input and behind it; negative where the input is cropped.
        var begin: Int
        var end: Int
        /// How many outputs the phase has.
        let count: Int
        /// How many the convolution that computes it has.
        var computed: Int

        /// Whether the two are the same convolution but for its weights.
        fileprivate func liesLike(_ other: Axis) -> Bool {
            taps.count == other.taps.count && dilation == other.dilation && begin == other.begin && end == other.end
                && computed == other.computed
        }
    }

    /// Phases that are computed as one convolution, each with its two axes.
    struct Group {
        let phases: [[Axis]]
        /// The geometry that they share.
        var axes: [Axis] { phases[0] }
    }

    let groups: [Group]
    /// From one output of a phase to the next, by axis.
    let stride: [Int]
    /// Of the convolutions that compute them, by axis.
    let convolutionStride: [Int]

    /// A transposed convolution.
    ///
    /// - Parameters:
    ///   - window: of the convolution that it is the transpose of.
    ///   - input, output: spatial extents, [H,W] each.
    ///   - begin: what is cut off the unpadded result's beginning, by axis.
    ///   - channels: of the output; nil where phases may not share a convolution.
    /// - Returns: nil where some phase has no tap or crops the input, and for other than two axes.
    init?(transposing window: Window, input: [Int], output: [Int], begin: [Int], channels: Int?) {
        guard input.count == 2 else { return nil }
        stride = window.stride
        convolutionStride = [1, 1]
        var axes: [[Axis]] = []
        for axis in 0..<2 {
            let phases = (0..<min(window.stride[axis], output[axis])).map {
                OutputPhases.phase(
                    $0, window: window, axis: axis, input: input[axis], output: output[axis], begin: begin[axis])
            }
            guard phases.allSatisfy({ !$0.taps.isEmpty && $0.begin >= 0 && $0.end >= 0 }) else { return nil }
            axes.append(phases)
        }
        let apart = OutputPhases.groups(axes, joins: channels != nil)
        guard let channels,
            let covered = OutputPhases.covering(axes[0], input: input[0], stride: 1)
                .flatMap({ rows in
                    OutputPhases.covering(axes[1], input: input[1], stride: 1).map { columns in [rows, columns] }
                })
        else {
            groups = apart
            return
        }
        let together = OutputPhases.groups(covered, joins: true)
        groups =
            OutputPhases.cost(of: together, channels: channels) < OutputPhases.cost(of: apart, channels: channels)
            ? together : apart
    }

    /// The way back through a convolution with stride whose input has so few channels that they leave most of a kernel's
    /// places empty.
    ///
    /// - Parameters:
    ///   - input, output: spatial extents, [H,W] each; what goes back is the input.
    ///   - begin: zeros before what the convolution reads, by axis.
    ///   - channels: of the output.
    /// - Returns: nil where phase by phase it takes as few products.
    init?(backThrough window: Window, input: [Int], output: [Int], begin: [Int], channels: Int) {
        self.init(transposing: window, input: input, output: output, begin: begin, channels: channels)
        let apart = window.kernel.reduce((channels + Layout.blockWidth - 1) / Layout.blockWidth, *)
        guard OutputPhases.cost(of: groups, channels: channels) < OutputPhases.worthwhile * Double(apart) else {
            return nil
        }
    }

    /// A convolution of stride 1 whose channels leave most of a kernel's places empty.
    ///
    /// - Parameters:
    ///   - input, output: spatial extents, [H,W] each.
    ///   - begin: zeros before the input, by axis.
    ///   - channels: of the output.
    /// - Returns: nil where computing it as it is takes as few products.
    init?(ofConvolution window: Window, input: [Int], output: [Int], begin: [Int], channels: Int) {
        guard input.count == 2, window.stride == [1, 1], window.dilation == [1, 1] else { return nil }
        func divided(by stride: [Int]) -> [Group]? {
            var axes: [[Axis]] = []
            for axis in 0..<2 {
                let phases = (0..<stride[axis]).map { first in
                    let count = (output[axis] - first + stride[axis] - 1) / stride[axis]
                    return Axis(
                        first: first, taps: Array(0..<window.kernel[axis]), dilation: 1, begin: begin[axis] - first,
                        end: 0, count: count, computed: count)
                }
                guard stride[axis] <= output[axis],
                    let covered = OutputPhases.covering(phases, input: input[axis], stride: stride[axis])
                else { return nil }
                axes.append(covered)
            }
            return OutputPhases.groups(axes, joins: true)
        }
        guard let whole = divided(by: [1, 1]) else { return nil }
        var best = (stride: [1, 1], groups: whole, cost: OutputPhases.cost(of: whole, channels: channels))
        for stride in OutputPhases.convolutionStrides {
            guard let groups = divided(by: stride) else { continue }
            let cost = OutputPhases.cost(of: groups, channels: channels) / Double(stride[0] * stride[1])
            if cost < best.cost { best = (stride, groups, cost) }
        }
        guard best.cost < OutputPhases.worthwhile * OutputPhases.cost(of: whole, channels: channels) else { return nil }
        (stride, convolutionStride, groups) = (best.stride, best.stride, best.groups)
    }

    /// By how much fewer products pay for putting the outputs where they belong.
    private static let worthwhile = 0.75
    /// By what a convolution's outputs may be divided, rows and columns.
    private static let convolutionStrides = (1...4).flatMap { rows in (1...4).map { columns in [rows, columns] } }

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
            begin: -(offsets.first ?? 0), end: count - 1 + (offsets.last ?? 0) - (input - 1), count: count,
            computed: count)
    }

    private static func groups(_ axes: [[Axis]], joins: Bool) -> [Group] {
        var groups: [[[Axis]]] = []
        for row in axes[0] {
            for column in axes[1] {
                let alike = groups.firstIndex { joins && $0[0][0].liesLike(row) && $0[0][1].liesLike(column) }
                if let alike { groups[alike].append([row, column]) } else { groups.append([[row, column]]) }
            }
        }
        return groups.map(Group.init)
    }

    /// The phases of an axis with a window that covers all of theirs; nil where that would be no convolution, or would crop
    /// the input.
    private static func covering(_ phases: [Axis], input: Int, stride: Int) -> [Axis]? {
        guard phases.allSatisfy({ $0.dilation == 1 || $0.taps.count == 1 }),
            let begin = phases.map(\.begin).max(), let last = phases.map({ $0.taps.count - $0.begin }).max(),
            let count = phases.map(\.count).max()
        else { return nil }
        let end = (count - 1) * stride + last - input
        guard begin >= 0, end >= 0 else { return nil }
        return phases.map { phase in
            let before = begin - phase.begin
            let nothing = [Int?](repeating: nil, count: begin + last)
            return Axis(
                first: phase.first,
                taps: nothing.prefix(before) + phase.taps + nothing.dropFirst(before + phase.taps.count), dilation: 1,
                begin: begin, end: end, count: phase.count, computed: count)
        }
    }

    /// Products of an output of each phase, counting the places of a kernel that stay empty.
    private static func cost(of groups: [Group], channels: Int) -> Double {
        let width = Layout.blockWidth
        return groups.reduce(0) { cost, group in
            let blocks = (group.phases.count * channels + width - 1) / width
            return cost + Double(group.axes.reduce(blocks) { $0 * $1.taps.count })
        }
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
                    let (rows, columns) = (copy.row.computed, copy.column.computed)
                    // With all channels beside each other, a group's phases are too; else they follow as blocks do.
                    let isWhole = blocks == 1 && run == output[1]
                    let step = isWhole ? copy.slots * run : run
                    let start =
                        isWhole
                        ? item * rows * columns * step + copy.slot * run
                        : ((item * copy.slots + copy.slot) * blocks + block) * rows * columns * run
                    for row in 0..<copy.row.count {
                        let from = source + start + row * columns * step
                        let to = plane + ((copy.row.first + row * stride[0]) * output[3] + copy.column.first) * run
                        place(from, step, at: to, count: copy.column.count)
                    }
                }
            }
        }
    }

    /// A row of a phase.
    private func place(
        _ source: UnsafePointer<Float>, _ step: Int, at target: UnsafeMutablePointer<Float>, count: Int
    ) {
        var (from, to) = (source, target)
        for _ in 0..<count {
            // A few values are there before a call to copy them has begun.
            if run < 8 {
                for channel in 0..<run { to[channel] = from[channel] }
            } else {
                to.update(from: from, count: run)
            }
            from += step
            to += stride[1] * run
        }
    }
}
