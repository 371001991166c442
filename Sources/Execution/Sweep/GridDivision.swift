import Networks

/// How the rows and columns of a grid of places fall into classes, each pair of which is computed by a plan of its own.
struct GridDivision {
    let rows: [PlaceClass]
    let columns: [PlaceClass]
    /// Index of the class, by place along the axis.
    private let rowClass: [Int]
    private let columnClass: [Int]

    init(rows: [PlaceClass], columns: [PlaceClass], of request: WindowSweep.Request) {
        self.rows = rows
        self.columns = columns
        rowClass = Self.indices(of: rows, places: request.rows.count)
        columnClass = Self.indices(of: columns, places: request.columns.count)
    }

    /// Every class of rows with every class of columns.
    var pairs: [(rows: PlaceClass, columns: PlaceClass)] {
        rows.flatMap { rows in columns.map { (rows, $0) } }
    }

    /// Index of the place's pair.
    func index(of place: WindowSweep.Place) -> Int {
        rowClass[place.row] * columns.count + columnClass[place.column]
    }

    private static func indices(of classes: [PlaceClass], places: Int) -> [Int] {
        var indices = [Int](repeating: 0, count: places)
        for (index, one) in classes.enumerated() {
            for member in one.members { indices[member] = index }
        }
        return indices
    }

    // MARK: Choosing

    /// How many classes rows and columns may fall into.
    private static let classCounts = [1, 2, 3, 4, 5, 6, 8]
    /// What making one plan takes for each of its nodes, in seconds: spread over some sweeps, since plans are kept.
    private static let compiling = 0.00002

    /// The division that promises to take the least time, and that into one class of rows and one of columns.
    ///
    /// - Parameter largestBatch: places that share one reading of the weights.
    static func cheapest(
        for request: WindowSweep.Request, _ region: RegionOfChange, _ costs: SweepCosts, largestBatch: Int
    ) -> (best: GridDivision, undivided: GridDivision) {
        let splitter = GridSplitter(request, region, costs)
        let undivided = splitter.division(into: 1)
        var best = (seconds: Double.infinity, division: undivided)
        let least = min(request.rows.count, request.columns.count)
        let counts = request.mode == .whole ? [1] : classCounts
        for count in counts where count == 1 || count * 2 <= least {
            let division = count == 1 ? undivided : splitter.division(into: count)
            var seconds = 0.0
            for (rows, columns) in division.pairs {
                let places = Double(rows.members.count * columns.members.count)
                seconds += costs.roughSeconds(rows, columns) * places * request.share
                seconds += costs.weightSeconds * (places * request.share / Double(largestBatch)).rounded(.up)
                seconds += compiling * Double(region.nodes.count)
            }
            if seconds < best.seconds { best = (seconds, division) }
        }
        return (best.division, undivided)
    }
}

/// Splits both axes of a grid alike.
private struct GridSplitter {
    private let request: WindowSweep.Request
    /// What changes, by axis.
    private let ranges: [[ValueID: [Range<Int>]]]
    /// Positions that each value has, by axis.
    private let whole: [[ValueID: Int]]
    private let weights: [ValueID: Double]

    init(_ request: WindowSweep.Request, _ region: RegionOfChange, _ costs: SweepCosts) {
        self.request = request
        let ranges = [
            region.ranges(axis: 0, changed: request.rows, cap: request.fieldCap),
            region.ranges(axis: 1, changed: request.columns, cap: request.fieldCap),
        ]
        self.ranges = ranges
        whole = (0..<2).map { axis in
            Dictionary(uniqueKeysWithValues: ranges[axis].keys.map { ($0, region.extents($0)[2 + axis]) })
        }
        weights = Dictionary(zip(region.nodes.map(\.output), costs.nodeSeconds)) { a, b in a + b }
    }

    func division(into count: Int) -> GridDivision {
        let classes = [request.rows.count, request.columns.count].enumerated().map { axis, places in
            PlaceClass.split(
                places: Array(0..<places), into: count, ranges: ranges[axis], whole: whole[axis], weights: weights)
        }
        return GridDivision(rows: classes[0], columns: classes[1], of: request)
    }
}
