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

/// The scores that are left of each class with the window at each place.
struct HiddenScores {
    let grid: WindowGrid
    /// By place, row by row; nil where nothing is known.
    private(set) var scores: [[Float]?]
    private(set) var count = 0

    init(grid: WindowGrid) {
        self.grid = grid
        scores = [[Float]?](repeating: nil, count: grid.count)
    }

    subscript(place: WindowSweep.Place) -> [Float]? {
        get { scores[grid.index(place)] }
        set {
            let index = grid.index(place)
            count += (newValue == nil ? 0 : 1) - (scores[index] == nil ? 0 : 1)
            scores[index] = newValue
        }
    }

    /// What they say of `target`, whose value is `unhidden` in the whole image. Places of which nothing is known count
    /// as if nothing were lost there.
    func explanation(
        of target: ScoreTarget, unhidden scores: [Float], input: Tensor, approximation: Approximation? = nil
    ) -> Explanation {
        let unhidden = target.value(of: scores)
        // Grid and input are shapes of tensors that exist.
        let gridShape = (try? Shape([grid.rows, grid.columns])) ?? .scalar
        let imageShape = (try? Shape(Array(input.shape.dimensions.dropFirst()))) ?? .scalar
        func map(_ value: ([Float]) -> Float) -> Tensor {
            Tensor(shape: gridShape) { values in
                for index in values.indices { values[index] = value(self.scores[index] ?? scores) }
            }
        }
        let mean = meanLoss { unhidden - target.value(of: $0) }
        let attribution = Tensor(shape: imageShape) { values in
            for index in values.indices { values[index] = mean[index % mean.count] }
        }
        return Explanation(
            scores: scores, classIndex: target.classIndex, map: map { softmax($0)[target.classIndex] },
            attribution: attribution, furtherMaps: ["score": map { $0[target.classIndex] }],
            // Where the score is lost, rather than where the class survives; the same for all channels.
            picture: try? attribution.item(0), approximation: approximation)
    }

    /// Per pixel [H·W], what was lost on average while it was hidden.
    private func meanLoss(_ loss: ([Float]) -> Float) -> [Float] {
        var lost = [Double](repeating: 0, count: grid.height * grid.width)
        var coverage = lost
        let (rowRanges, columnRanges) = (grid.rowRanges, grid.columnRanges)
        for (index, scores) in scores.enumerated() {
            let loss = scores.map { Double(loss($0)) } ?? 0
            for y in rowRanges[index / grid.columns] {
                for x in columnRanges[index % grid.columns] {
                    lost[y * grid.width + x] += loss
                    coverage[y * grid.width + x] += 1
                }
            }
        }
        return zip(lost, coverage).map { Float($0 / $1) }
    }
}
