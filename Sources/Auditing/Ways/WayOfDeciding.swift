/// One way in which a network decides for a class: photos whose evidence lies alike.
public struct WayOfDeciding: Sendable {
    public let classIndex: Int
    /// Positions of its photos, the most typical first: those whose maps are nearest to the mean.
    public let members: [Int]
    /// Of the class's photos.
    public let share: Proportion
    /// The mean of the photos' maps, each divided by its sum, [side, side].
    public let meanMap: [Float]
    /// What speaks against it; empty where nothing does.
    public let flags: [Flag]
    /// Of the photos in which the animal was found, those whose evidence lies off it.
    public let offAnimal: Proportion
    /// Of these, those that one small spot of the animal decides.
    public let smallSpot: Proportion
    /// The corner in which most photos' evidence lies that lies in one, and how many do; nil where none does.
    public let corner: (corner: PhotoCorner, photos: Proportion)?
    /// Where most of its photos come from, and how many.
    public let origin: (name: String, photos: Proportion)

    public enum Flag: String, Sendable, Hashable, CaseIterable {
        case evidenceOffAnimal = "evidence-off-animal"
        case smallSpot = "small-spot"
        case sameCorner = "same-corner"
        case oneOrigin = "one-origin"
    }

    /// How much speaks against it, 0…1: the largest of the rates behind its flags, at the lower end of its interval. 0 without
    /// flags; where the photos come from counts for nothing here, since it may have good reasons.
    public var suspicion: Double {
        flags.map { flag in
            switch flag {
            case .evidenceOffAnimal: offAnimal.lowerBound
            case .smallSpot: smallSpot.lowerBound
            case .sameCorner: corner?.photos.lowerBound ?? 0
            case .oneOrigin: 0
            }
        }.max() ?? 0
    }

    /// A rate flags the way from here on: where a third of the photos have something against them, a way is worth a look,
    /// whatever the verdict cannot say of the others.
    static let flaggingRate = 1.0 / 3
    /// Fewer photos are never flagged.
    static let fewestPhotos = 3
    /// So many of the photos have to come from one place, and that by chance this seldom.
    static let originRate = 0.9
    static let originChance = 0.001

    /// - Parameters:
    ///   - members: positions in `photos`, all of one class.
    ///   - all: of the class.
    init(_ members: [Int], of photos: [AuditedPhoto], among all: [Int]) {
        classIndex = members.first.map { photos[$0].classIndex } ?? 0
        share = Proportion(members.count, of: all.count)
        let points = members.map { photos[$0].point }
        let mean = WayOfDeciding.mean(points)
        let distances = points.map { point in
            zip(point, mean).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        self.members = members.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.map { members[$0] }
        meanMap = WayOfDeciding.mean(points.map { $0.map { $0 * $0 } })

        let judged = members.compactMap { photos[$0].verdict }.filter { $0.share != nil || $0.looksElsewhere }
        offAnimal = Proportion(judged.count(where: \.isOffAnimal), of: judged.count)
        smallSpot = Proportion(judged.count(where: \.smallSpotDecides), of: judged.count)
        let corners = WayOfDeciding.most(members.compactMap { PhotoCorner.holdingMost(of: photos[$0].map) })
        corner = corners.map { ($0.value, Proportion($0.count, of: members.count)) }
        let from = WayOfDeciding.most(members.map { photos[$0].origin })
        let origin = (name: from?.value ?? "", photos: Proportion(from?.count ?? 0, of: members.count))
        self.origin = origin
        let sameOrigin = all.count { photos[$0].origin == origin.name }

        let isOneOrigin =
            origin.photos.value >= WayOfDeciding.originRate && sameOrigin < all.count
            && origin.photos.chance(ofKind: sameOrigin, among: all.count) < WayOfDeciding.originChance
        func isHigh(_ rate: Proportion?) -> Bool {
            rate.map { $0.value >= WayOfDeciding.flaggingRate && $0.part >= WayOfDeciding.fewestPhotos } ?? false
        }
        flags = [
            isHigh(offAnimal) ? .evidenceOffAnimal : nil, isHigh(smallSpot) ? .smallSpot : nil,
            isHigh(corner?.photos) ? .sameCorner : nil,
            isOneOrigin && members.count >= WayOfDeciding.fewestPhotos ? .oneOrigin : nil,
        ].compactMap { $0 }
    }

    private static func mean(_ points: [[Float]]) -> [Float] {
        var sum = [Float](repeating: 0, count: points.first?.count ?? 0)
        for point in points { for index in sum.indices { sum[index] += point[index] } }
        return sum.map { $0 / Float(max(points.count, 1)) }
    }

    /// What comes most often; of equals what comes first.
    private static func most<Value: Hashable>(_ values: [Value]) -> (value: Value, count: Int)? {
        var counts: [Value: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let highest = counts.values.max()
        return values.first { counts[$0] == highest }.map { ($0, counts[$0] ?? 0) }
    }
}
