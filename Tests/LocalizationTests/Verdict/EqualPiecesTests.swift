import Localization
import Testing

@Suite("Pieces of equal area")
struct EqualPiecesTests {
    static let all = try? FillingTests.mask(width: 30, height: 20) { _, _ in true }

    @Test(
        "every pixel of the photo is in one piece, of the animal or beside it, and the pieces of a side are equal",
        arguments: [1, 3, 6, 9, 14])
    func partition(radius: Int) throws {
        let shown = try FillingTests.mask(width: 30, height: 20) { _, y in y < 17 }
        let region = try FillingTests.mask(width: 30, height: 20) { x, y in
            y < 17 && (x - 12) * (x - 12) + (y - 8) * (y - 8) <= radius * radius
        }
        let pieces = EqualPieces.pieces(of: region, in: shown)
        for (side, whole) in [(pieces.on, region), (pieces.beside, shown)] {
            #expect(!side.isEmpty)
            let areas = side.map(\.area)
            #expect((areas.max() ?? 0) - (areas.min() ?? 0) <= side.count)
            for piece in side {
                #expect(piece.pixels.indices.allSatisfy { !piece.pixels[$0] || whole.pixels[$0] })
            }
        }
        #expect(pieces.on.count + pieces.beside.count == 8)
        let covered = shown.pixels.indices.map { pixel in
            (pieces.on + pieces.beside).count { $0.pixels[pixel] } == (shown.pixels[pixel] ? 1 : 0)
        }
        #expect(covered.allSatisfy { $0 })
        #expect(pieces.beside.allSatisfy { piece in !zip(piece.pixels, region.pixels).contains { $0 && $1 } })
    }

    @Test("pieces are as many as the areas are to one another, and at least one")
    func numbers() throws {
        let shown = try #require(Self.all)
        func on(_ width: Int) throws -> Int {
            EqualPieces.pieces(of: try FillingTests.mask(width: 30, height: 20) { x, _ in x < width }, in: shown).on
                .count
        }
        #expect(try [1, 4, 15, 22, 29, 30].map(on) == [1, 1, 4, 6, 7, 8])
        let nothing = EqualPieces.pieces(of: shown.complement, in: shown)
        #expect(nothing.on.isEmpty && nothing.beside.count == 8)
    }

    @Test("of the score that is lost the animal has its share; what rises counts for nobody")
    func losses() {
        let losses = Counterfactuals.PieceLosses(onAnimal: [3, -1], beside: [0.5, 0.5, -7])
        #expect(EvidenceShares.Share(of: losses).value == 0.75)
        #expect(EvidenceShares.Share(of: .init(onAnimal: [-1], beside: [0])).reason?.contains("nothing speaks") == true)
    }
}
