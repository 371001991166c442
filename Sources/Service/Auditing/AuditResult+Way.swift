import Auditing
import WireProtocol

extension AuditResult.Way {
    /// - Parameters:
    ///   - path: of a photo, by its position.
    ///   - places: of the class's photos in the plane of eigenvectors, by position; nil where the members are not wanted.
    init(
        _ way: WayOfDeciding, label: String, path: (Int) -> String, places: [Int: (x: Double, y: Double)]?
    ) {
        let side = Int(Double(way.meanMap.count).squareRoot())
        self.init(
            label: label, share: .init(way.share), suspicion: way.suspicion.rounded(toPlaces: 3),
            flags: way.flags.map(\.rawValue), reasons: way.reasons, offAnimal: .init(way.offAnimal),
            smallSpot: .init(way.smallSpot), corner: way.corner?.corner.rawValue,
            inCorner: (way.corner?.photos).map(AuditResult.Rate.init), origin: way.origin.name,
            fromOrigin: .init(way.origin.photos), typical: way.members.prefix(AuditSheet.typicalPhotos).map(path),
            map: (0..<side).map { row in
                way.meanMap[row * side..<(row + 1) * side].map { Double($0).rounded(toPlaces: 5) }
            },
            members: places.map { places in
                way.members.map { member in
                    let place = places[member] ?? (0, 0)
                    return AuditResult.Member(
                        photo: path(member), x: place.x.rounded(toPlaces: 5), y: place.y.rounded(toPlaces: 5))
                }
            })
    }
}

extension AuditResult.Rate {
    init(_ proportion: Proportion) { self.init(photos: proportion.part, of: proportion.whole) }
}

extension WayOfDeciding {
    /// The flags in words.
    var reasons: [String] {
        flags.map { flag in
            switch flag {
            case .evidenceOffAnimal: "the evidence lies off the animal in \(offAnimal.words)"
            case .smallSpot: "one small spot of the animal decides in \(smallSpot.words)"
            case .sameCorner:
                corner.map { "the evidence lies in the \($0.corner.rawValue) corner in \($0.photos.words)" } ?? ""
            case .oneOrigin: "\(origin.photos.words) are from \(origin.name)"
            }
        }
    }
}

extension Proportion {
    fileprivate var words: String { "\(part) of \(whole)" }
}
