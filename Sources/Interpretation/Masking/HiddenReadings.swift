import Execution
import Tensors

/// What is left of the classes asked about with the window at each place.
struct HiddenReadings {
    let grid: WindowGrid
    let readings: ClassReadings
    /// By place, row by row; nil where nothing is known.
    private(set) var values: [[Float]?]
    /// Places of which something is known.
    private(set) var count = 0

    init(grid: WindowGrid, readings: ClassReadings) {
        self.grid = grid
        self.readings = readings
        values = [[Float]?](repeating: nil, count: grid.count)
    }

    subscript(index: Int) -> [Float]? {
        get { values[index] }
        set {
            count += (newValue == nil ? 0 : 1) - (values[index] == nil ? 0 : 1)
            values[index] = newValue
        }
    }

    subscript(place: WindowSweep.Place) -> [Float]? {
        get { self[grid.index(place)] }
        set { self[grid.index(place)] = newValue }
    }

    /// [rows, columns] so far.
    func partialMap(of target: ScoreTarget) -> PartialMap {
        PartialMap(
            rows: grid.rows, columns: grid.columns,
            values: values.map { $0.map { readings.value(of: target, in: $0) } ?? .nan })
    }

    /// What they say of `target`, given the scores of the whole image. Places of which nothing is known count as if
    /// nothing were lost there.
    func explanation(
        of target: ScoreTarget, unhidden scores: [Float], input: Tensor, approximation: Approximation? = nil
    ) -> Explanation {
        let whole = readings.values(of: scores)
        let unhidden = readings.value(of: target, in: whole)
        // Grid and input are shapes of tensors that exist.
        let gridShape = (try? Shape([grid.rows, grid.columns])) ?? .scalar
        let imageShape = (try? Shape(Array(input.shape.dimensions.dropFirst()))) ?? .scalar
        func map(_ value: ([Float]) -> Float) -> Tensor {
            Tensor(shape: gridShape) { result in
                for index in result.indices { result[index] = value(values[index] ?? whole) }
            }
        }
        let mean = meanLoss { unhidden - readings.value(of: target, in: $0) }
        let attribution = Tensor(shape: imageShape) { values in
            for index in values.indices { values[index] = mean[index % mean.count] }
        }
        return Explanation(
            scores: scores, classIndex: target.classIndex,
            map: map { readings.probability(of: target.classIndex, in: $0) }, attribution: attribution,
            furtherMaps: ["score": map { readings.score(of: target.classIndex, in: $0) }],
            // Where the score is lost, rather than where the class survives; the same for all channels.
            picture: try? attribution.item(0), approximation: approximation)
    }

    /// Per pixel [H·W], what was lost on average while it was hidden.
    private func meanLoss(_ loss: ([Float]) -> Float) -> [Float] {
        var lost = [Double](repeating: 0, count: grid.height * grid.width)
        var coverage = lost
        let (rowRanges, columnRanges) = (grid.rowRanges, grid.columnRanges)
        for (index, values) in values.enumerated() {
            let loss = values.map { Double(loss($0)) } ?? 0
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
