import Foundation
import GRDB

extension UnitIndex {
    /// Merges the fresh photos of each layer that has enough of them into its lists. One transaction a layer: fresh
    /// rows leave in the same transaction in which the lists take them up.
    func mergeWhereDue() async throws(DatasetSearchError) {
        let due = try await read { [layers, limits] db in
            func isDue(_ generation: Int, _ layer: Int) throws -> Bool {
                try UnitIndex.freshCount(generation, layer, in: db) >= limits.freshPhotos
            }
            return try State(db).generations.flatMap { generation -> [(generation: Int, layer: Int)] in
                // Layers are merged in their order, so while the last one is not due, none is: not even after a kill.
                guard let last = layers.indices.last, try isDue(generation, last) else { return [] }
                return try layers.indices.filter { try isDue(generation, $0) }.map { (generation, $0) }
            }
        }
        for (generation, layer) in due {
            try await write { [limits] db in
                try UnitIndex.merge(generation, layer, listLength: limits.listLength, in: db)
            }
        }
    }

    private static func freshCount(_ generation: Int, _ layer: Int, in db: Database) throws -> Int {
        let keys = UnitIndexStorage.keys(generation: generation, layer: layer)
        return try Int.fetchOne(
            db, sql: "SELECT COUNT(*) FROM fresh WHERE key BETWEEN ? AND ?",
            arguments: [keys.lowerBound, keys.upperBound]) ?? 0
    }

    private static func merge(_ generation: Int, _ layer: Int, listLength: Int, in db: Database) throws {
        let living = try livingPhotos(in: db)
        let fresh = try freshRows(generation, layer, in: db).filter { living.contains($0.photo) }
        var floors = try floors(generation, layer, in: db)
        let insert = try db.makeStatement(sql: "INSERT OR REPLACE INTO list (key, entries) VALUES (?, ?)")
        let select = try db.makeStatement(sql: "SELECT entries FROM list WHERE key = ?")
        for unit in floors.indices {
            let key = UnitIndexStorage.key(generation: generation, layer: layer, low: UInt32(unit))
            let stored = try Data.fetchOne(select, arguments: [key])
            let old = stored.map(Record.entries) ?? []
            var list = old.filter { living.contains($0.photo) }
            // What ranks behind the floor must stay out: others that rank there are not known.
            let limit = list.count >= listLength ? list[listLength - 1].mark : floors[unit]
            var arrivals: [Entry] = []
            for row in fresh where unit < row.peaks.count {
                let entry = Entry(peak: row.peaks[unit], photo: row.photo)
                if entry.mark.ranksBefore(limit) {
                    arrivals.append(entry)
                } else if entry.mark.ranksBefore(floors[unit]) {
                    floors[unit] = entry.mark
                }
            }
            guard !arrivals.isEmpty || list.count != old.count || stored == nil else { continue }
            arrivals.sort(by: Entry.ranksBefore)
            list = merged(list, arrivals)
            if list.count > listLength {
                if list[listLength].mark.ranksBefore(floors[unit]) { floors[unit] = list[listLength].mark }
                list.removeLast(list.count - listLength)
            }
            try insert.execute(arguments: [key, Record.data(of: list)])
        }
        try db.execute(
            sql: "UPDATE layer SET floors = ? WHERE generation = ? AND number = ?",
            arguments: [Record.data(of: floors), generation, layer])
        let keys = UnitIndexStorage.keys(generation: generation, layer: layer)
        try db.execute(
            sql: "DELETE FROM fresh WHERE key BETWEEN ? AND ?", arguments: [keys.lowerBound, keys.upperBound])
    }

    /// Two lists in order, as one.
    static func merged(_ a: [Entry], _ b: [Entry]) -> [Entry] {
        var result: [Entry] = []
        result.reserveCapacity(a.count + b.count)
        var (first, second) = (a[...], b[...])
        while let left = first.first, let right = second.first {
            if Entry.ranksBefore(left, right) {
                result.append(left)
                first.removeFirst()
            } else {
                result.append(right)
                second.removeFirst()
            }
        }
        return result + first + second
    }

    static func livingPhotos(in db: Database) throws -> LivingPhotos {
        LivingPhotos(try Int64.fetchAll(db, sql: "SELECT id FROM photo ORDER BY id").compactMap(UInt32.init(exactly:)))
    }

    static func floors(_ generation: Int, _ layer: Int, in db: Database) throws -> [Mark] {
        let data = try Data.fetchOne(
            db, sql: "SELECT floors FROM layer WHERE generation = ? AND number = ?", arguments: [generation, layer])
        return data.map(Record.marks) ?? []
    }

    static func freshRows(
        _ generation: Int, _ layer: Int, in db: Database
    ) throws -> [(photo: UInt32, peaks: [UnitPeaks.Peak])] {
        let keys = UnitIndexStorage.keys(generation: generation, layer: layer)
        return try Row.fetchAll(
            db, sql: "SELECT key, peaks FROM fresh WHERE key BETWEEN ? AND ? ORDER BY key",
            arguments: [keys.lowerBound, keys.upperBound]
        ).map { row in
            let key: Int64 = row[0]
            return (UInt32(truncatingIfNeeded: key), Record.peaks(row[1]))
        }
    }
}
