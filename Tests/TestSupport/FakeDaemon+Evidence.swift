package import Foundation
import Socket
import WireProtocol

/// What the evidence page asks.
extension FakeDaemon {
    func evidence(in router: inout RequestRouter) {
        router.on(RPCMethods.report) { parameters, context async throws(RPCError) in
            try await FakeDaemon.report(parameters, context)
        }
        router.on(RPCMethods.overview) { _, _ in FakeDaemon.overview }
        router.on(RPCMethods.correct) { parameters, _ async throws(RPCError) in
            guard parameters.photo == FakeDaemon.photo else {
                throw RPCError(.noSuchPhoto, "there is no photo '\(parameters.photo)' in the inbox that is done")
            }
            guard parameters.answer != .withdraw else { return CorrectResult(correction: nil, wasKept: true) }
            return CorrectResult(correction: FakeDaemon.correction)
        }
        router.on(RPCMethods.corrections) { parameters, _ in
            let file = #"[{"bbox":[86,40,210,190],"file":"cat.jpg","label":"cat"}]"#
            return CorrectionsResult(
                corrections: [FakeDaemon.correction], counts: ["yes": 0, "no": 0, "wrong-box": 1],
                file: parameters.format == nil ? nil : file)
        }
    }

    /// The file that `report` sends, in several parts.
    package static let reportFile = Data(("<!doctype html>" + String(repeating: "A report …\n", count: 80_000)).utf8)

    /// The label of the filter asks for what goes wrong: `broken` (an error in the middle), `wrong-digest`.
    static func report(
        _ parameters: ReportParameters, _ context: RequestContext
    ) async throws(RPCError) -> ReportResult {
        let zone = parameters.timeZone ?? "UTC"
        guard TimeZone(identifier: zone) != nil else {
            throw RPCError(.badParameter, "there is no clock '\(zone)'; one is called Europe/Berlin, or UTC")
        }
        var filter = parameters.filter ?? PhotosParameters()
        filter.until = filter.until ?? Date(timeIntervalSince1970: 1_748_770_200.125)
        var result = ReportResult(
            version: WireVersion.software, created: Date(timeIntervalSince1970: 1_748_770_200.125), inbox: "/srv/inbox",
            filter: filter, timeZone: zone, period: .hour, overview: overview, waiting: 0,
            networks: [
                .init(
                    model: model(layers: false),
                    audit: .init(photos: 1, suspicious: []), card: nil)
            ],
            answers: .init(
                counts: ["yes": 0, "no": 0, "wrong-box": 1], labels: 1, right: 1, latest: [correction]))
        guard parameters.html ?? true else { return result }
        guard let files = context.files else { throw RPCError(.invalidRequest, "no id") }
        result.contents = .init(doubtful: 0, others: 1, leftOut: 0, withoutPicture: 0)
        do {
            let sent = try await files.send("report.html", size: reportFile.count) { range throws in
                if filter.label == "broken", range.lowerBound > 0 { throw RPCError(.internal, "the disk failed") }
                return reportFile[range]
            }
            result.files = [sent]
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.cancelled, "the request was cancelled")
        }
        if filter.label == "wrong-digest" { result.files[0].sha256 = String(repeating: "0", count: 64) }
        return result
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
