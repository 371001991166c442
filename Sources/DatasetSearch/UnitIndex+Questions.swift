import Foundation
import GRDB

extension UnitIndex {
    /// The photos that excite a unit most.
    public struct Strongest: Sendable {
        public struct Match: Sendable, Hashable {
            public let photo: Photo
            public let peak: UnitPeaks.Peak
        }

        /// Strongest first; of equals, the photo that was indexed first.
        public let matches: [Match]
        /// Photos in the index.
        public let photoCount: Int
        /// Whether these are the strongest of all photos in the index. `false` after many deletions, until the lists
        /// have been built anew.
        public let isCertain: Bool
    }

    /// The `count` photos that excite unit `unit` of layer `layer` most.
    ///
    /// - Throws: `DatasetSearchError.noSuchUnit`.
    public func strongest(layer: Int, unit: Int, count: Int) async throws(DatasetSearchError) -> Strongest {
        guard layers.indices.contains(layer) else { throw .otherLayers }
        guard (0..<layers[layer].units).contains(unit) else {
            throw .noSuchUnit(unit, layer: layers[layer].name, units: layers[layer].units)
        }
        let wanted = min(max(count, 0), UnitIndex.largestCount)
        // Photos are looked up in the same snapshot in which the list was read.
        return try await read { db in
            let generation = try State(db).generation
            let entries = try UnitIndex.entries(generation, layer, unit, in: db)
            var matches: [Strongest.Match] = []
            var last: Entry?
            for entry in entries where matches.count < wanted {
                guard let photo = try UnitIndex.photo(Int64(entry.photo), in: db) else { continue }
                matches.append(Strongest.Match(photo: photo, peak: entry.peak))
                last = entry
            }
            let total = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM photo") ?? 0
            let floor = try UnitIndex.floor(generation, layer, unit, in: db)
            let liesBeforeFloor = floor == .end || (last.map { $0.mark.ranksBefore(floor) } ?? (wanted == 0))
            return Strongest(
                matches: matches, photoCount: total,
                isCertain: matches.count == total || (matches.count == wanted && liesBeforeFloor))
        }
    }

    /// The list of a unit with the fresh photos, in order; dead ones may be among them.
    private static func entries(_ generation: Int, _ layer: Int, _ unit: Int, in db: Database) throws -> [Entry] {
        let stored = try Data.fetchOne(
            db, sql: "SELECT entries FROM list WHERE key = ?",
            arguments: [UnitIndexStorage.key(generation: generation, layer: layer, low: UInt32(unit))])
        let keys = UnitIndexStorage.keys(generation: generation, layer: layer)
        let fresh = try Row.fetchAll(
            db, sql: "SELECT key, substr(peaks, ?, ?) FROM fresh WHERE key BETWEEN ? AND ?",
            arguments: [unit * Record.peakBytes + 1, Record.peakBytes, keys.lowerBound, keys.upperBound]
        ).compactMap { row -> Entry? in
            let key: Int64 = row[0]
            return Record.peaks(row[1]).first.map { Entry(peak: $0, photo: UInt32(truncatingIfNeeded: key)) }
        }
        return merged(stored.map(Record.entries) ?? [], fresh.sorted(by: Entry.ranksBefore))
    }

    private static func floor(_ generation: Int, _ layer: Int, _ unit: Int, in db: Database) throws -> Mark {
        let data = try Data.fetchOne(
            db, sql: "SELECT substr(floors, ?, ?) FROM layer WHERE generation = ? AND number = ?",
            arguments: [unit * Record.markBytes + 1, Record.markBytes, generation, layer])
        return data.map(Record.marks)?.first ?? .end
    }

    /// How far out of the ordinary one photo's answer to a unit is.
    public struct Standing: Sendable, Hashable {
        public let layer: Int
        public let unit: Int
        public let peak: UnitPeaks.Peak
        /// Other photos of the index that excite the unit more.
        public let stronger: Int
        /// Other photos that excite it less.
        public let weaker: Int
        /// Other photos in the index.
        public let others: Int
        /// The strongest activation among the others; nil where there are none.
        public let strongestOther: Float?

        /// Share of the other photos that excite the unit less, 0…1.
        public var percentile: Double { others == 0 ? 0 : Double(weaker) / Double(others) }
    }

    /// The units that a photo excites most unusually: those that the largest share of the other photos excites less,
    /// and of equal shares those that it lifts farthest above the strongest other photo.
    ///
    /// Exact for every unit whose standing is told. Left out are the units for which the photo ranks behind the unit's
    /// floor; while the lists are full, it is then not among the 160 strongest.
    ///
    /// - Parameters:
    ///   - peaks: the photo's.
    ///   - sha256: the photo's, which is not compared with itself where it is indexed.
    ///   - layer: only this one.
    public func mostUnusualUnits(
        of peaks: UnitPeaks, sha256: String, layer wanted: Int? = nil, count: Int
    ) async throws(DatasetSearchError) -> [Standing] {
        guard fits(peaks) else { throw .otherLayers }
        let searched = layers.indices.filter { wanted == nil || $0 == wanted }
        return try await read { db in
            let generation = try State(db).generation
            let living = try UnitIndex.livingPhotos(in: db)
            let own = try Int64.fetchOne(db, sql: "SELECT id FROM photo WHERE sha256 = ?", arguments: [sha256])
                .flatMap(UInt32.init(exactly:))
            let others = living.count - (own == nil ? 0 : 1)
            var standings: [Standing] = []
            for layer in searched {
                let floors = try UnitIndex.floors(generation, layer, in: db)
                let fresh = try UnitIndex.freshRows(generation, layer, in: db)
                    .filter { living.contains($0.photo) && $0.photo != own }
                let select = try db.makeStatement(sql: "SELECT entries FROM list WHERE key = ?")
                for (unit, peak) in peaks.layers[layer].enumerated() where unit < floors.count {
                    // At the floor there may be equals that are not known.
                    guard peak.value > floors[unit].value else { continue }
                    let key = UnitIndexStorage.key(generation: generation, layer: layer, low: UInt32(unit))
                    let list = try Data.fetchOne(select, arguments: [key]).map(Record.entries) ?? []
                    var (stronger, equal) = (0, 0)
                    var best: Float?
                    func compare(_ value: Float) {
                        if value > peak.value { stronger += 1 } else if value == peak.value { equal += 1 }
                        best = max(best ?? value, value)
                    }
                    for entry in list where entry.photo != own && living.contains(entry.photo) {
                        compare(entry.peak.value)
                    }
                    for row in fresh where unit < row.peaks.count { compare(row.peaks[unit].value) }
                    standings.append(
                        Standing(
                            layer: layer, unit: unit, peak: peak, stronger: stronger,
                            weaker: others - stronger - equal, others: others, strongestOther: best))
                }
                standings = Array(standings.sorted(by: UnitIndex.isMoreUnusual).prefix(max(count, 0)))
            }
            return standings
        }
    }

    private static func isMoreUnusual(_ a: Standing, _ b: Standing) -> Bool {
        if a.weaker != b.weaker { return a.weaker > b.weaker }
        func lift(_ standing: Standing) -> Float {
            guard let other = standing.strongestOther else { return 0 }
            // Relative to the size of the numbers, which differs from layer to layer.
            let size = max(abs(other), abs(standing.peak.value))
            return size > 0 ? (standing.peak.value - other) / size : 0
        }
        let (first, second) = (lift(a), lift(b))
        return first != second ? first > second : (a.layer, a.unit) < (b.layer, b.unit)
    }
}
