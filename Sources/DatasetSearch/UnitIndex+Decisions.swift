public import Foundation
import GRDB

extension UnitIndex {
    /// A photo of the index, and how it was decided.
    public struct DecidedPhoto: Sendable {
        public let photo: Photo
        public let decision: Decision
    }

    /// The decisions about photos that are in the index still, in the order of their numbers.
    ///
    /// - Parameters:
    ///   - classIndex: only of this class.
    ///   - since: only those not made before.
    public func decisions(
        ofClass classIndex: Int? = nil, since: Date? = nil
    ) async throws(DatasetSearchError) -> [DecidedPhoto] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM decision
                    WHERE (?1 IS NULL OR class = ?1) AND (?2 IS NULL OR time >= ?2) ORDER BY photo
                    """,
                arguments: [classIndex, since?.timeIntervalSince1970])
            return try rows.compactMap { row in
                guard let photo = try UnitIndex.photo(row["photo"], in: db) else { return nil }
                return DecidedPhoto(photo: photo, decision: try Decision(row))
            }
        }
    }

    /// Photos of the index about which no decision is kept: they were indexed before decisions were, or by
    /// `interpretctl index`.
    public func undecidedCount() async throws(DatasetSearchError) -> Int {
        try await read { db in
            try Int.fetchOne(
                db, sql: "SELECT COUNT(*) FROM photo WHERE id NOT IN (SELECT photo FROM decision)") ?? 0
        }
    }

    /// The newest decision about a photo takes the place of an older one.
    static func note(_ decision: Decision, photo: Int64, in db: Database) throws {
        let verdict = decision.verdict
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO decision
                    (photo, class, probability, time, method, map, features, verdict, reasons, share, expectedShare, camera)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                photo, decision.classIndex, decision.probability, decision.time, decision.map?.method,
                decision.map.map { Record.data(ofHalves: $0.values) },
                decision.features.map { Record.data(ofHalves: $0) }, verdict?.word,
                verdict?.reasons.joined(separator: " "), verdict?.share, verdict?.expectedShare, decision.camera,
            ])
    }
}

extension Decision {
    fileprivate init(_ row: Row) throws {
        self.init(
            classIndex: row["class"], probability: row["probability"], time: row["time"],
            features: (row["features"] as Data?).map(Record.halves), camera: row["camera"])
        if let method = row["method"] as String?, let data = row["map"] as Data? {
            let values = Record.halves(data)
            // A file that was cut off holds no map.
            if values.count == EvidenceMap.side * EvidenceMap.side {
                map = EvidenceMap(method: method, values: values)
            }
        }
        if let word = row["verdict"] as String? {
            let reasons = (row["reasons"] as String?)?.split(separator: " ").map(String.init) ?? []
            verdict = Verdict(
                word: word, reasons: reasons, share: row["share"], expectedShare: row["expectedShare"])
        }
    }
}
