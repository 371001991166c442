import Auditing
import Testing

/// Photos whose evidence lies where it is put.
@Suite struct AuditTests {
    private static let side = 16

    /// A spot of 4×4 cells around a cell, and a little everywhere, which differs from photo to photo.
    private func map(row: Int, column: Int, photo: Int) -> [Float] {
        (0..<Self.side * Self.side).map { index in
            let isSpot = abs(index / Self.side - row) <= 2 && abs(index % Self.side - column) <= 2
            return (isSpot ? 1 : 0) + 0.01 * Float((index * 31 + photo * 17) % 13) / 13
        }
    }

    private func photos(
        _ count: Int, row: Int, column: Int, classIndex: Int = 0, origin: String = "the folder /a",
        verdict: AuditedPhoto.Verdict? = nil
    ) -> [AuditedPhoto] {
        (0..<count).map { photo in
            AuditedPhoto(
                map: map(row: row + photo % 2, column: column - photo % 3 / 2, photo: photo), classIndex: classIndex,
                origin: origin, verdict: verdict)
        }
    }

    private let onAnimal = AuditedPhoto.Verdict(
        looksElsewhere: false, smallSpotDecides: false, share: 0.8, expectedShare: 0.3)
    private let offAnimal = AuditedPhoto.Verdict(
        looksElsewhere: false, smallSpotDecides: false, share: 0.1, expectedShare: 0.3)

    @Test func aShortcutIsAWayOfItsOwnAndStandsFirst() throws {
        let honest = photos(40, row: 7, column: 7, verdict: onAnimal)
        let marked = photos(20, row: 13, column: 13, verdict: offAnimal)
        let others = photos(50, row: 7, column: 7, classIndex: 1, verdict: onAnimal)
        let audit = Audit(of: others + honest + marked) { _ in }
        let first = try #require(audit.ways.first)
        #expect(Set(first.members) == Set(90..<110) && first.share == Proportion(20, of: 60))
        #expect(first.flags == [.evidenceOffAnimal, .sameCorner])
        #expect(first.offAnimal == Proportion(20, of: 20) && first.corner?.corner == .lowerRight)
        #expect(audit.ways.dropFirst().allSatisfy { $0.flags.isEmpty && $0.suspicion == 0 })
        #expect(audit.ways.map(\.members.count).reduce(0, +) == 110)
        #expect(audit.classes.map(\.photos) == [60, 50] && audit.classes[0].places.count == 60)
    }

    @Test func oneSmallSpotThatDecidesIsFlagged() throws {
        let spot = AuditedPhoto.Verdict(looksElsewhere: false, smallSpotDecides: true, share: 0.9, expectedShare: 0.3)
        let audit = Audit(of: photos(10, row: 7, column: 7, verdict: spot)) { _ in }
        #expect(audit.ways.map(\.flags) == [[.smallSpot]])
    }

    @Test func photosOfOneCameraAreFlaggedWhereOthersOfTheClassAreNot() throws {
        let one = photos(20, row: 3, column: 12, origin: "the camera A")
        let mixed = (0..<40).map { photo in
            AuditedPhoto(
                map: map(row: 10, column: 6, photo: photo), classIndex: 0,
                origin: photo % 4 == 0 ? "the camera A" : "the camera B", verdict: nil)
        }
        let audit = Audit(of: mixed + one) { _ in }
        let way = try #require(audit.ways.first { $0.members.contains(40) })
        #expect(way.flags.contains(.oneOrigin) && way.origin.name == "the camera A")
        #expect(way.origin.photos == Proportion(20, of: 20))
        // Where all come from one camera that says nothing.
        let same = Audit(of: photos(60, row: 7, column: 7)) { _ in }
        #expect(same.ways.allSatisfy { !$0.flags.contains(.oneOrigin) })
    }

    @Test func fewPhotosAreOneWayAndTwoAreNeverFlagged() {
        let audit = Audit(of: photos(2, row: 1, column: 1, verdict: offAnimal)) { _ in }
        #expect(audit.ways.count == 1 && audit.ways[0].flags.isEmpty)
        #expect(audit.classes[0].eigenvalues.isEmpty)
        #expect(Audit(of: []) { _ in }.ways.isEmpty)
    }

    @Test func theMostTypicalPhotoIsNearestToTheMean() throws {
        var all = photos(9, row: 7, column: 7)
        for index in all.indices { all[index].map = map(row: 7, column: 7, photo: 0) }
        all[3].map = map(row: 2, column: 2, photo: 3)
        let way = try #require(Audit(of: all) { _ in }.ways.first)
        #expect(way.members.last == 3)
        #expect(abs(way.meanMap.reduce(0, +) - 1) < 1e-4)
    }
}

/// Expected values are SciPy's: `binomtest(…).proportion_ci(method="wilson")` and `hypergeom.sf`.
@Suite struct ProportionTests {
    @Test(arguments: [
        (58, 61, 0.865088724727841), (3, 3, 0.4385029682449546), (0, 10, 0), (500, 1000, 0.4690696003681042),
    ])
    func lowerBoundIsWilsons(part: Int, whole: Int, bound: Double) {
        // The factor 1.959964 has seven digits.
        #expect(abs(Proportion(part, of: whole).lowerBound - bound) < 1e-7)
    }

    @Test(arguments: [
        (9, 10, 12, 40, 7.3449214565763065e-06), (3, 3, 30, 60, 0.11864406779661017),
        (20, 20, 20, 60, 2.3855846718909774e-16), (5, 10, 20, 40, 0.6417867224318837),
    ])
    func chanceIsTheHypergeometricTail(part: Int, whole: Int, kind: Int, total: Int, chance: Double) {
        let found = Proportion(part, of: whole).chance(ofKind: kind, among: total)
        // lgamma is good to 1e-15 of numbers up to 200.
        #expect(abs(found - chance) <= 1e-10 * chance)
    }
}
