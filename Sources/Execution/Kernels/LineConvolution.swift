import CDNN
import CVectors
import Networks
import Tensors

/// A convolution along one axis of an image, computed by ``ToomCook``: windows 1×k and k×1 of stride 1, in tiles of as
/// many outputs as there are for all points. A step of the network takes a block of tiles to the points, the library
/// multiplies the matrices of each point, and a step takes the products back, with all that lies between in the cache.
struct LineConvolution {
    let toomCook: ToomCook
    /// The axis of [N,C,H,W] along which it goes, 2 or 3.
    let axis: Int
    /// [N,C,H,W] and [N,O,H′,W′].
    let input: [Int]
    let output: [Int]
    /// Zeros before the first value.
    let padding: Int

    /// Whether a convolution is along one axis, whatever its image.
    static func fits(_ convolution: Convolution) -> Bool {
        let window = convolution.window
        return convolution.groups == 1 && window.kernel.count == 2 && window.kernel.contains(1)
            && ToomCook.windows.contains(window.kernel.max() ?? 0)
            && (window.stride + window.dilation).allSatisfy { $0 == 1 }
    }

    /// The convolution along one axis; nil where it is none, or where the image is padded across the window's axis.
    init?(_ convolution: Convolution, input: [Int], output: [Int]) {
        guard Self.fits(convolution), input.count == 4 else { return nil }
        let kernel = convolution.window.kernel
        let across = kernel[0] == 1 ? 0 : 1
        let begin = convolution.window.padding(for: Array(input.dropFirst(2))).begin
        guard begin[across] == 0, input[2 + across] == output[2 + across], begin[1 - across] >= 0 else { return nil }
        toomCook = ToomCook(window: kernel[1 - across])
        axis = 3 - across
        padding = begin[1 - across]
        (self.input, self.output) = (input, output)
    }

    private var tilesPerLine: Int { (output[axis] + toomCook.outputs - 1) / toomCook.outputs }
    private var linesPerItem: Int { input[5 - axis] }
    var tiles: Int { input[0] * linesPerItem * tilesPerLine }

    /// As many tiles as leave what lies between the steps in the processor's second cache.
    var tilesPerBlock: Int {
        let bytes = ToomCook.points * (input[1] + output[1]) * MemoryLayout<Float>.stride
        return min(max(Self.blockBytes / bytes / 16 * 16, 16), tiles)
    }
    private static let blockBytes = 1 << 20

    /// Where a tile is in tensors that lie as N,H,W,C: the start of its line, and its first output along it.
    private func place(_ tile: Int, in extents: [Int]) -> (line: Int, first: Int) {
        let (line, number) = tile.quotientAndRemainder(dividingBy: tilesPerLine)
        let (item, across) = line.quotientAndRemainder(dividingBy: linesPerItem)
        let plane = extents[2] * extents[3]
        return (
            (item * plane + across * (axis == 3 ? extents[3] : 1)) * extents[1], number * toomCook.outputs
        )
    }

    /// Values from one place of a line to the next.
    private func step(in extents: [Int]) -> Int { (axis == 3 ? 1 : extents[3]) * extents[1] }

    /// The lines' values [N,H,W,C] at the points [points,tiles per block,C], for a block of tiles.
    func take(_ block: Range<Int>, of x: UnsafePointer<Float>, to points: UnsafeMutablePointer<Float>) {
        let (channels, step) = (input[1], step(in: input))
        var sources = [UnsafePointer<Float>?](repeating: nil, count: ToomCook.points)
        var targets = [UnsafeMutablePointer<Float>?](repeating: nil, count: ToomCook.points)
        for (index, tile) in block.enumerated() {
            let (line, first) = place(tile, in: input)
            for point in 0..<ToomCook.points {
                let position = first - padding + point
                sources[point] = position >= 0 && position < input[axis] ? x + line + position * step : nil
                targets[point] = points + (point * tilesPerBlock + index) * channels
            }
            cvectors_combine(
                toomCook.input, Int32(ToomCook.points), Int32(ToomCook.points), sources, targets, Int64(channels), nil,
                0)
        }
    }

    /// The products [points,tiles per block,O] to the outputs [N,H′,W′,O].
    func bring(
        _ products: UnsafePointer<Float>, of block: Range<Int>, to y: UnsafeMutablePointer<Float>,
        bias: UnsafePointer<Float>?, rectifies: Bool
    ) {
        let (channels, step) = (output[1], step(in: output))
        var sources = [UnsafePointer<Float>?](repeating: nil, count: ToomCook.points)
        var targets = [UnsafeMutablePointer<Float>?](repeating: nil, count: toomCook.outputs)
        for (index, tile) in block.enumerated() {
            let (line, first) = place(tile, in: output)
            for point in sources.indices { sources[point] = products + (point * tilesPerBlock + index) * channels }
            for place in targets.indices {
                targets[place] = first + place < output[axis] ? y + line + (first + place) * step : nil
            }
            cvectors_combine(
                toomCook.output, Int32(toomCook.outputs), Int32(ToomCook.points), sources, targets, Int64(channels),
                bias, rectifies ? 1 : 0)
        }
    }
}

extension PlanBuilder {
    /// The convolution along one axis, where it is one and shall be computed so. Where derivatives pass it is not, as with
    /// Winograd's (see ``ConvolutionProblem/candidates(in:)``).
    func lineConvolution(_ node: Node, _ convolution: Convolution) throws(ExecutionError) -> LineConvolution? {
        guard preferredAlgorithm(for: node)?.method == .toomCook, !isDifferentiated(node.output) else { return nil }
        return LineConvolution(
            convolution, input: try input(node, 0).extents, output: shape(of: node.output).dimensions)
    }

    func emit(_ node: Node, _ line: LineConvolution) throws(ExecutionError) {
        let (points, channels, outputs) = (ToomCook.points, line.input[1], line.output[1])
        let relu = takeFollowingReLU(node)
        let x = try converted(try input(node, 0), to: try channelsLastLayout(line.input, for: node), for: node)
        let y = allocate(line.output, try channelsLastLayout(line.output, for: node))
        let block = line.tilesPerBlock
        let values = try allocatePlain([points, block, channels], for: node)
        let products = try allocatePlain([points, block, outputs], for: node)
        let filter = try weights(
            try inputID(node, 1), as: [points, channels, outputs],
            in: try plainLayout([points, channels, outputs], for: node), part: .toomCook(window: line.toomCook.window),
            for: node)
        let summands = [products] + [try bias(of: node, count: outputs)].compactMap { $0 }
        let product = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_matmul(
                    $0, engine.handle, values.layout.handle, filter.layout.handle, nil, products.layout.handle)
            }
        }
        for first in stride(from: 0, to: line.tiles, by: block) {
            let tiles = first..<min(first + block, line.tiles)
            emit(node, reading: [x], writing: [values]) { addresses in
                line.take(
                    tiles, of: addresses[0].assumingMemoryBound(to: Float.self),
                    to: addresses[1].assumingMemoryBound(to: Float.self))
            }
            try emit(node, product, [(CDNN_ARG_SRC, values), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, products)])
            emit(node, reading: summands, writing: [y]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                line.bring(
                    pointers[0], of: tiles, to: pointers[pointers.count - 1],
                    bias: pointers.count > 2 ? UnsafePointer(pointers[1]) : nil, rectifies: relu != nil)
            }
        }
        set((relu?.node ?? node).output, y)
    }
}
