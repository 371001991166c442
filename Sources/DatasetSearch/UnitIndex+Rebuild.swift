import Foundation
import GRDB

/// Building the lists anew.
///
/// A second generation of lists grows beside the one in use, photo by photo in the order of their numbers; photos that
/// are added meanwhile go into both. When all are in, one transaction puts the new lists in the place of the old ones.
/// A killed process goes on where it was.
extension UnitIndex {
    /// Begins to build the lists anew, or goes on with it.
    public func beginRebuild() async throws(DatasetSearchError) {
        try await write { db in
            guard try State(db).rebuiltThrough == nil else { return }
            try db.execute(
                sql: "UPDATE state SET rebuiltThrough = 0, rebuildLimit = (SELECT COALESCE(MAX(id), 0) FROM photo)")
        }
    }

    /// The next photo whose peaks the new lists need, with the share of photos that they have; nil where they have all.
    public func nextToRebuild() async throws(DatasetSearchError) -> (photo: Photo, fraction: Double)? {
        try await read { db in
            let state = try State(db)
            guard let through = state.rebuiltThrough,
                let id = try Int64.fetchOne(
                    db, sql: "SELECT id FROM photo WHERE id > ? AND id <= ? ORDER BY id LIMIT 1",
                    arguments: [through, state.rebuildLimit]),
                let photo = try UnitIndex.photo(id, in: db)
            else { return nil }
            let done = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM photo WHERE id <= ?", arguments: [through]) ?? 0
            let all =
                try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM photo WHERE id <= ?", arguments: [state.rebuildLimit])
                ?? 0
            return (photo, Double(done) / Double(max(all, 1)))
        }
    }

    /// Puts the peaks of the photo that ``nextToRebuild()`` named into the new lists. A photo that has left the index
    /// meanwhile is passed over.
    public func rebuild(_ photo: Photo, _ peaks: UnitPeaks) async throws(DatasetSearchError) {
        guard fits(peaks) else { throw .otherLayers }
        try await write { [layers] db in
            let state = try State(db)
            guard let through = state.rebuiltThrough, Int64(photo.id) > through,
                try UnitIndex.photo(Int64(photo.id), in: db) != nil
            else { return }
            for layer in layers.indices {
                try UnitIndex.insertFresh(peaks.layers[layer], state.next, layer, photo.id, in: db)
            }
            try db.execute(sql: "UPDATE state SET rebuiltThrough = ?", arguments: [Int64(photo.id)])
        }
        try await mergeWhereDue()
    }

    /// Puts the new lists in the place of the old ones, if they have all photos.
    public func finishRebuild() async throws(DatasetSearchError) {
        try await write { [layers] db in
            let state = try State(db)
            guard let through = state.rebuiltThrough,
                try Bool.fetchOne(
                    db, sql: "SELECT NOT EXISTS (SELECT 1 FROM photo WHERE id > ? AND id <= ?)",
                    arguments: [through, state.rebuildLimit]) == true
            else { return }
            for layer in layers.indices {
                let keys = UnitIndexStorage.keys(generation: state.generation, layer: layer)
                for table in ["list", "fresh"] {
                    try db.execute(
                        sql: "DELETE FROM \(table) WHERE key BETWEEN ? AND ?",
                        arguments: [keys.lowerBound, keys.upperBound])
                }
                try db.execute(
                    sql: "UPDATE layer SET floors = ? WHERE generation = ? AND number = ?",
                    arguments: [
                        Record.data(of: [Mark](repeating: .end, count: layers[layer].units)), state.generation, layer,
                    ])
            }
            try db.execute(
                sql: "UPDATE state SET generation = ?, rebuiltThrough = NULL, rebuildLimit = NULL",
                arguments: [state.next])
        }
    }
}
