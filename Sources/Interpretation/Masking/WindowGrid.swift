import Execution
import Tensors

/// The window and stride that occlusion has where none are asked for.
public struct OcclusionDefaults: Sendable, Hashable {
    /// Side of the hidden square in input pixels: a fifth of the shorter side.
    public let window: Int
    /// From one window to the next: half a window.
    public let stride: Int

    public init(height: Int, width: Int) {
        window = max((min(height, width) + 2) / 5, 1)
        stride = max(window / 2, 1)
    }
}

/// Where the windows of occlusion stand: on a grid from the image's upper left corner on, the last of a row or column
/// cut off at the edge.
struct WindowGrid {
    let window: Int
    let stride: Int
    let height: Int
    let width: Int
    let rows: Int
    let columns: Int

    init(_ question: Question) throws(InterpretationError) {
        (height, width) = (question.input.shape[2], question.input.shape[3])
        let defaults = OcclusionDefaults(height: height, width: width)
        window = try question.whole("window", default: defaults.window, in: 1...max(height, width))
        stride = try question.whole("stride", default: max(window / 2, 1), in: 1...max(height, width))
        guard stride <= window else {
            throw .badParameter(
                "stride \(stride) is more than window \(window): pixels between the windows would never be hidden")
        }
        rows = Self.positions(extent: height, window: window, stride: stride)
        columns = Self.positions(extent: width, window: window, stride: stride)
    }

    /// As many as reach the far edge.
    private static func positions(extent: Int, window: Int, stride: Int) -> Int {
        (max(extent - window, 0) + stride - 1) / stride + 1
    }

    var count: Int { rows * columns }

    /// The pixels that a window covers, by its row or column on the grid.
    var rowRanges: [Range<Int>] { (0..<rows).map { $0 * stride..<min($0 * stride + window, height) } }
    var columnRanges: [Range<Int>] { (0..<columns).map { $0 * stride..<min($0 * stride + window, width) } }

    /// Row by row.
    var places: [WindowSweep.Place] {
        (0..<count).map { WindowSweep.Place(row: $0 / columns, column: $0 % columns) }
    }

    func index(_ place: WindowSweep.Place) -> Int { place.row * columns + place.column }
}
