import Foundation
import Localization
import Networks
import Tensors
import Testing

@Suite("Numbers of the verdict")
struct VerdictNumberTests {
    @Test("a mean has the interval of Student's t")
    func interval() throws {
        // scipy.stats.t.interval(0.95, 3, loc=mean, scale=scipy.stats.sem(x)) of 0.6, 0.7, 0.5, 0.8: 0.44458…0.85542.
        let mean = try #require(MeanOfPlaces([0.6, 0.7, 0.5, 0.8]))
        #expect(mean.places == 4 && abs(mean.mean - 0.65) < 1e-12)
        let interval = try #require(mean.interval)
        #expect(abs(interval.lowerBound - 0.44458) < 1e-4 && abs(interval.upperBound - 0.85542) < 1e-4)
    }

    @Test("an interval keeps to probabilities; a single place has none, and no place no mean")
    func edges() throws {
        let wide = try #require(MeanOfPlaces([0, 1])?.interval)
        #expect(wide == 0...1)
        #expect(try #require(MeanOfPlaces([0.4])).interval == nil)
        #expect(MeanOfPlaces([Double]()) == nil)
        #expect(try #require(MeanOfPlaces([0.97, 0.97, 0.97]).flatMap(\.interval)).lowerBound > 0.969)
    }

    @Test("a share is the positive evidence on the region, counted by brute force")
    func share() throws {
        let map = try Tensor(shape: Shape([2, 3]), values: [1, -5, 2, 0, 3, -1])
        let region = try FillingTests.mask(width: 6, height: 4) { x, y in x >= 4 && y < 3 }
        // Cells of 2×2 pixels. On the region: all four of the cell of 2, two of the cell of −1.
        #expect(EvidenceShares.Share(of: map, on: region).value == 8.0 / 24)
        #expect(
            EvidenceShares.Share(of: map, on: region, within: PixelBox(x: 4, y: 0, width: 2, height: 4)).value == 1)
        let whole = region.dilated(by: 9)
        #expect(EvidenceShares.Share(of: map, on: whole).value == 1)
    }

    @Test("channels are added up before what speaks against is cut off")
    func attribution() throws {
        let signed = try Tensor(shape: Shape([2, 1, 2]), values: [3, 2, -3, 2])
        let left = try FillingTests.mask(width: 2, height: 1) { x, _ in x == 0 }
        #expect(EvidenceShares.Share(ofAttribution: signed, on: left).value == 0)
    }

    @Test("where nothing speaks for the class there is no share, and why")
    func absent() throws {
        let region = try FillingTests.mask(width: 4, height: 4) { x, _ in x == 0 }
        let against = try Tensor(shape: Shape([2, 2]), values: [-1, 0, -2, -1])
        let share = EvidenceShares.Share(of: against, on: region)
        #expect(share.value == nil && share.reason?.contains("nothing speaks") == true)
        #expect(EvidenceShares.Share(ofAttribution: against, on: region).reason?.contains("[C,H,W]") == true)
    }

    @Test("a share leads by the part of the way to all, and trails by that to nothing")
    func lead() {
        let shares = EvidenceShares(expected: 0.2, cam: .measured(0.6), hiding: .measured(0.1), lrp: .absent("-"))
        #expect(abs(shares.lead(of: 0.6) - 0.5) < 1e-12 && abs(shares.lead(of: 0.1) + 0.5) < 1e-12)
        #expect(shares.lead(of: 1) == 1 && shares.lead(of: 0) == -1 && shares.lead(of: 0.2) == 0)
        #expect(abs((shares.median ?? 0) - 0.35) < 1e-12)
        let all = EvidenceShares(expected: 1, cam: .measured(1), hiding: .absent("-"), lrp: .absent("-"))
        #expect(all.leads == [0])
    }

    @Test("certainty: softmax, its margin, the runner-up and the energy")
    func certainty() throws {
        // softmax of 2, 1, 0: 0.66524, 0.24473, 0.09003; log Σ exp: 2.40761.
        let certainty = try #require(Certainty([2, 1, 0], kind: .exclusive, classIndex: 0, familiarEnergy: 2.4))
        #expect(abs(certainty.probability - 0.66524) < 1e-4 && abs(certainty.margin - 0.42051) < 1e-4)
        #expect(certainty.runnerUp?.classIndex == 1 && abs((certainty.runnerUp?.probability ?? 0) - 0.24473) < 1e-4)
        #expect(abs(certainty.energy - 2.40761) < 1e-4 && certainty.isFamiliar == true)
        let second = try #require(Certainty([2, 1, 0], kind: .exclusive, classIndex: 1, familiarEnergy: 2.5))
        #expect(second.margin < 0 && second.runnerUp?.classIndex == 0 && second.isFamiliar == false)
        #expect(Certainty([2, 1, 0], kind: .exclusive, classIndex: 2)?.isFamiliar == nil)
        #expect(try #require(Certainty([1000, -1000], kind: .exclusive, classIndex: 0)).energy == 1000)
    }

    @Test("of independent labels the margin is to the threshold; raw numbers have none")
    func otherKinds() throws {
        let certainty = try #require(Certainty([0, 3], kind: .independent, classIndex: 0, threshold: 0.3))
        #expect(abs(certainty.probability - 0.5) < 1e-6 && abs(certainty.margin - 0.2) < 1e-6)
        #expect(Certainty([1, 2], kind: .raw, classIndex: 0) == nil)
        #expect(Certainty([1, 2], kind: .exclusive, classIndex: 2) == nil)
        #expect(try #require(Certainty([1], kind: .exclusive, classIndex: 0)).runnerUp == nil)
    }
}

extension EvidenceShares {
    fileprivate var leads: [Double] { measured.map(lead) }
}
