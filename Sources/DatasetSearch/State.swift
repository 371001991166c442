import GRDB

/// Which lists are in use, and how far the next ones are.
struct State {
    /// 0 or 1.
    let generation: Int
    /// Photos up to this number are in the next generation; nil where none is being built.
    let rebuiltThrough: Int64?
    /// The last photo that has to be read again; later ones go into both generations by themselves.
    let rebuildLimit: Int64

    init(_ db: Database) throws {
        let row = try Row.fetchOne(db, sql: "SELECT generation, rebuiltThrough, rebuildLimit FROM state")
        generation = row?[0] ?? 0
        rebuiltThrough = row?[1]
        rebuildLimit = row?[2] ?? 0
    }

    var next: Int { 1 - generation }
    var generations: [Int] { rebuiltThrough == nil ? [generation] : [generation, next] }
}
