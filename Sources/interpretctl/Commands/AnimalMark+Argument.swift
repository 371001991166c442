import Foundation
import WireProtocol

extension AnimalMark {
    /// What `--animal` says: a box in numbers, or the path of a mask.
    ///
    /// - Throws: `CommandFailure` where it is neither.
    init(argument text: String) throws {
        let ending = text.split(separator: ".").last?.lowercased() ?? ""
        if PhotoKind.allCases.contains(where: { $0.endings.contains(ending) }) {
            self = .picture(try Files.readForSending(Files.absolutePath(text)))
            return
        }
        guard ending == "json" else {
            let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
                .compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }.filter(\.isFinite)
            guard numbers.count == 4, text.count(where: { $0 == "," }) == 3 else {
                throw CommandFailure(
                    "--animal takes x,y,width,height in pixels of the photo, or the path of a .jpg or .json, got '\(text)'"
                )
            }
            self = .box(BoundingBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3]))
            return
        }
        let bytes = try Files.readForSending(Files.absolutePath(text))
        do {
            self = .mask(try JSONDecoder().decode(SegmentResult.RunLengths.self, from: bytes))
        } catch {
            throw CommandFailure(#"\#(text) should hold a mask as {"size":[height,width],"counts":[…]}"#)
        }
    }
}
