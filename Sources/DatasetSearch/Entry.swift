/// One photo's answer in the list of a unit.
struct Entry: Hashable, Sendable {
    let peak: UnitPeaks.Peak
    let photo: UInt32

    /// The order of a list: stronger first, and of equals the photo that was indexed first. Total, since a photo stands
    /// in a list once.
    static func ranksBefore(_ a: Entry, _ b: Entry) -> Bool { a.mark.ranksBefore(b.mark) }

    var mark: Mark { Mark(value: peak.value, photo: photo) }
}
