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
        stride = Self.stride(ofWindow: window)
    }

    static func stride(ofWindow window: Int) -> Int { max(window / 2, 1) }
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

    static let parameters: [any MethodParameter] = [windowSide, distance]

    private static let windowSide = WholeNumberParameter(
        "window", from: 1, to: .longerSide,
        default: .rule("a fifth of the shorter side") { question in
            OcclusionDefaults(height: question.input.shape[2], width: question.input.shape[3]).window
        }, "side of the hidden square in input pixels, up to the longer side")
    private static let distance = WholeNumberParameter(
        "stride", from: 1, to: .longerSide,
        default: .rule("half a window") { (question) throws(InterpretationError) in
            OcclusionDefaults.stride(ofWindow: try question[windowSide])
        }, "from one window to the next in input pixels, up to the window's side")

    init(_ question: Question) throws(InterpretationError) {
        (height, width) = (question.input.shape[2], question.input.shape[3])
        window = try question[Self.windowSide]
        stride = try question[Self.distance]
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
