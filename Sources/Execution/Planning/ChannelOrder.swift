/// How a tensor [N,C,H,W] lies in memory, where it is one of the usual ways. All are [N][blocks][H][W][width].
enum ChannelOrder: Hashable {
    /// N, C, H, W.
    case planar
    /// N, H, W, C.
    case last
    /// N, C/width, H, W, width; the last block is filled up with zeros.
    case blocked(Int)

    static let known: [ChannelOrder] = [.blocked(16), .blocked(8), .blocked(4), .planar, .last]

    func layout(_ extents: [Int]) throws(KernelStatus) -> Layout {
        switch self {
        case .planar: return try Layout.plain(extents)
        case .last:
            let (channels, height, width) = (extents[1], extents[2], extents[3])
            return try Layout.strided(extents, [height * width * channels, 1, width * channels, channels])
        case .blocked(let block): return try Layout.blocked(extents, by: block)
        }
    }

    /// The order of a tensor of rank 4; nil where it is none of these.
    static func of(_ layout: Layout, extents: [Int]) -> ChannelOrder? {
        guard extents.count == 4 else { return nil }
        return known.first { order in (try? order.layout(extents)).map { $0 == layout } ?? false }
    }

    /// Blocks of channels, and values side by side in one.
    func blocks(of channels: Int) -> (count: Int, width: Int) {
        switch self {
        case .planar: (channels, 1)
        case .last: (1, channels)
        case .blocked(let width): ((channels + width - 1) / width, width)
        }
    }
}
