import Networks

/// Places that are computed in batches of one plan: all that stand in a class of rows and in a class of columns.
struct PlaceGroup {
    /// The network as it runs on a batch.
    let graph: PatchGraph
    /// Places per batch.
    let items: Int
    /// The most places that any batch may have.
    var mostItems: Int
    /// Processor seconds for one place.
    let cost: Double
    let rows: PlaceClass
    let columns: PlaceClass
    /// The share of a plane from which on a node is computed whole.
    let wholeFrom: Double

    /// How many places of the grid belong to it.
    var placeCount: Int { rows.members.count * columns.members.count }

    /// As many of its places as one batch takes.
    var exampleBatch: [WindowSweep.Place] {
        let members = rows.members.flatMap { row in
            columns.members.map { WindowSweep.Place(row: row, column: $0) }
        }
        return Array(members.prefix(items))
    }
}
