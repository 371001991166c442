import Foundation
import Socket
import WireProtocol

/// What the evidence page asks.
extension FakeDaemon {
    func evidence(in router: inout RequestRouter) {
        router.on(RPCMethods.overview) { _, _ in FakeDaemon.overview }
        router.on(RPCMethods.correct) { parameters, _ async throws(RPCError) in
            guard parameters.photo == FakeDaemon.photo else {
                throw RPCError(.noSuchPhoto, "there is no photo '\(parameters.photo)' in the inbox that is done")
            }
            guard parameters.answer != .withdraw else { return CorrectResult(correction: nil) }
            return CorrectResult(correction: FakeDaemon.correction)
        }
        router.on(RPCMethods.corrections) { parameters, _ in
            let file = #"[{"bbox":[86,40,210,190],"file":"cat.jpg","label":"cat"}]"#
            return CorrectionsResult(
                corrections: [FakeDaemon.correction], counts: ["yes": 0, "no": 0, "wrong-box": 1],
                file: parameters.format == nil ? nil : file)
        }
    }

    private static let overview: OverviewResult = {
        let time = Date(timeIntervalSince1970: 1_748_770_200.125)
        let share = OverviewResult.Share(
            photos: 1, doubtful: 0, corrected: 0, failed: 0, ofNothing: 0, verdicts: ["undecided": 1],
            labels: ["cat": 1], meanProbability: 0.918)
        return OverviewResult(
            all: share, periods: [.init(start: time, share: share)],
            networks: [.init(name: "petshop", sha256: modelSHA256, first: time, last: time, share: share)])
    }()

    private static let correction = Correction(
        photo: photo, sha256: String(repeating: "0", count: 64), answer: "wrong-box", label: "cat",
        bbox: BoundingBox(x: 86, y: 40, width: 210, height: 190), width: 451, height: 300, predicted: "cat",
        model: "petshop", time: Date(timeIntervalSince1970: 1_748_770_200.125))
}
