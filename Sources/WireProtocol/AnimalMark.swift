public import Foundation

/// Where an animal is, as a person says: one member of an object.
public enum AnimalMark: Sendable, Hashable, Codable {
    /// `bbox`: in pixels of the upright photo.
    case box(BoundingBox)
    /// `mask`: run lengths, of the upright photo's proportions.
    case mask(SegmentResult.RunLengths)
    /// `picture`: the bytes of a grey picture of the upright photo's proportions, over 127 where the animal is.
    case picture(Data)

    private enum Member: String, CodingKey, CaseIterable { case bbox, mask, picture }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        let marks = [
            try members.decodeIfPresent([Double].self, forKey: .bbox).map { numbers in
                guard numbers.count == 4 else { throw AnimalMarkError.noBox(numbers.count) }
                return AnimalMark.box(
                    BoundingBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3]))
            },
            try members.decodeIfPresent(SegmentResult.RunLengths.self, forKey: .mask).map(AnimalMark.mask),
            try members.decodeIfPresent(Data.self, forKey: .picture).map(AnimalMark.picture),
        ].compactMap { $0 }
        guard let mark = marks.first, marks.count == 1 else { throw AnimalMarkError.notExactlyOne }
        self = mark
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        switch self {
        case .box(let box): try members.encode(box, forKey: .bbox)
        case .mask(let mask): try members.encode(mask, forKey: .mask)
        case .picture(let bytes): try members.encode(bytes, forKey: .picture)
        }
    }
}

/// Why an animal is not marked.
enum AnimalMarkError: Error, CustomStringConvertible {
    case notExactlyOne
    case noBox(Int)

    var description: String {
        switch self {
        case .notExactlyOne: "'animal' should have exactly one of 'bbox', 'mask' and 'picture'"
        case .noBox(let count): "the animal's 'bbox' should be [x, y, width, height], got \(count) numbers"
        }
    }
}
