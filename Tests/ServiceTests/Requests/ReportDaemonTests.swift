import Foundation
import Photos
import TestSupport
import Testing
import WireProtocol

/// A report of the built daemon's photos, by the built client.
@Suite(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) struct ReportDaemonTests {
    @Test func theReportOfAnInboxIsOneFileWithEverythingInIt() async throws {
        let daemon = try await RunningDaemon()
        let photo = daemon.inbox.appending(path: "cat.jpg")
        try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: photo)
        try Data("no photo".utf8).write(to: daemon.inbox.appending(path: "<b>half.jpg"))
        func numbers(_ filter: PhotosParameters? = nil) async throws -> ReportResult {
            try await daemon.result(of: RPCMethods.report, ReportParameters(filter: filter, html: false))
        }
        #expect(
            try await eventually {
                let all = try await numbers().overview.all
                return all.failed == 1 && all.labels == ["cat": 1]
            })
        let correction = CorrectParameters(photo: photo.path, answer: .no, label: "dog")
        _ = try await daemon.result(of: RPCMethods.correct, correction)

        let client = try Interpretctl()
        let output = try await client.run(
            "report", "--since", "today", "--output", "report.html", "--json", socket: daemon.socket)
        #expect(output.status == 0, "\(output.error)")
        let report = try WireCoding.decoder().decode(ReportResult.self, from: Data(output.out.utf8))
        #expect(report.contents?.doubtful == 1 && report.contents?.others == 1 && report.contents?.leftOut == 0)
        #expect(report.period == .hour && report.waiting == 0 && report.filter.since != nil)
        let network = try #require(report.networks.first)
        #expect(network.model.name == report.overview.networks.first?.name && network.audit.photos == 1)
        #expect(report.answers.counts["no"] == 1 && report.answers.right == 0 && report.answers.labels == 1)
        #expect(report.answers.latest.map(\.label) == ["dog"])

        let html = try String(contentsOfFile: client.folder.path + "/report.html", encoding: .utf8)
        #expect(html.utf8.count == report.files.first?.size)
        #expect(html.contains("&lt;b&gt;half.jpg") && !html.contains("<b>half.jpg"))
        let picture = try #require(
            html.firstMatch(of: /<figure class="card"[^>]*><img src="data:image\/jpeg;base64,([^"]*)"/)
        ).1
        let size = try PhotoDecoder.size(of: try #require(Data(base64Encoded: String(picture))))
        #expect(max(size.width, size.height) == 360)

        // The answers are labelled photos for other commands, as long as the photo is the one that was answered about.
        let evaluated = try await client.run("evaluate", "--corrections", "--json", socket: daemon.socket)
        let figures = try WireCoding.decoder().decode(EvaluateResult.self, from: Data(evaluated.out.utf8))
        #expect(figures.photos == 1 && figures.accuracy?.share.value == 0, "\(evaluated.error)")
        let few = try await client.run("calibrate", "petshop", "--corrections", socket: daemon.socket)
        #expect(few.status == 1 && few.error.contains("30 photos"), "\(few.error)")
        let one = try await client.run(
            "convert", "petshop", "--corrections", "--output", "mine", socket: daemon.socket)
        #expect(one.status == 1 && one.error.contains("people have named 1"), "\(one.error)")

        #expect(try await numbers(PhotosParameters(label: "dog")).overview.all.photos == 0)
        #expect(try await numbers(PhotosParameters(until: Date(timeIntervalSince1970: 0))).answers.latest.isEmpty)
    }

    @Test func anAnswerThatContradictsItselfIsRefusedAndLabelAndBoxTogetherSayWhichItIs() async throws {
        let daemon = try await RunningDaemon()
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        let photo = daemon.inbox.appending(path: "cat.jpg").path
        func kept(_ answer: CorrectParameters.Answer, _ label: String?, hasBox: Bool = false) async throws -> String? {
            let box = hasBox ? BoundingBox(x: 10, y: 10, width: 100, height: 100) : nil
            return try await daemon.result(
                of: RPCMethods.correct, CorrectParameters(photo: photo, answer: answer, label: label, bbox: box)
            ).correction?.answer
        }
        for (answer, label, words) in [
            (CorrectParameters.Answer.yes, "dog", "the answer is 'no'"), (.no, "cat", "says 'cat', too"),
            (.no, nil, "says 'cat', too"),
        ] {
            await #expect("\(answer) \(label ?? "")") { try await kept(answer, label) } throws: {
                ($0 as? RPCError)?.message.contains(words) == true
            }
        }
        await #expect { try await kept(.yes, "cat", hasBox: true) } throws: {
            ($0 as? RPCError)?.message.contains("the answer is 'wrong-box'") == true
        }
        let found = try #require(document.boxes.first?.bbox)
        await #expect {
            try await daemon.result(
                of: RPCMethods.correct, CorrectParameters(photo: photo, answer: .wrongBox, bbox: found))
        } throws: {
            ($0 as? RPCError)?.message.contains("lies there, too") == true
        }
        #expect(try await kept(.no, "Cat", hasBox: true) == "wrong-box")
        #expect(try await kept(.wrongBox, "dog", hasBox: true) == "no")
        #expect(try await kept(.yes, "cat") == "yes")
        #expect(try await kept(.no, "dog") == "no")
        for wasKept in [true, false] {
            let withdrawn = try await daemon.result(
                of: RPCMethods.correct, CorrectParameters(photo: photo, answer: .withdraw))
            #expect(withdrawn.correction == nil && withdrawn.wasKept == wasKept)
        }
    }

    @Test func whoWatchesIsToldTheVerdict() async throws {
        let daemon = try await RunningDaemon()
        let client = try SocketTestClient(path: daemon.socket, patience: 600)
        try await client.request("watch", id: 1, params: "{}")
        try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: daemon.inbox.appending(path: "cat.jpg"))
        while let line = try await client.line() {
            guard case .notification(let notification) = try ServerMessage(line: Data(line.utf8)),
                let event = try? notification.params.decoded(as: Event.self), event.event == .photoDone
            else { continue }
            let photos = try await daemon.result(of: RPCMethods.photos, PhotosParameters())
            #expect(event.label == "cat" && event.verdict != nil)
            #expect(event.verdict == photos.first?.verdict && event.doubtful == photos.first?.doubtful)
            return
        }
        Issue.record("no photo was done")
    }
}
