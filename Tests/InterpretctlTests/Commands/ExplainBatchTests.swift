import Foundation
import TestSupport
import Testing
import WireProtocol

/// `interpretctl explain FOLDER`, again and again.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct ExplainBatchTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
        for (name, byte) in [("one.jpg", 1), ("sub/two.JPEG", 2), ("sub/deep/three.jpg", 3)] {
            try write([0xFF, 0xD8, UInt8(byte)], to: "photos/" + name)
        }
        // None of these is a photo.
        try write([1], to: "photos/notes.txt")
        try write([1], to: "photos/one.jpg.overlay.jpg")
        try write([1], to: "photos/.hidden.jpg")
    }

    private func path(_ name: String) -> String { client.folder.path + "/" + name }

    private func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private func files(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path(folder)).filter {
            !$0.hasSuffix("deep") && $0 != "sub"
        }
        .sorted()
    }

    private func explain(_ options: String..., socket: String) async throws -> Interpretctl.Output {
        try await client.run(["explain", "photos", "--out", "results", "--recursive"] + options, socket: socket)
    }

    @Test func everyPhotoIsExplainedIntoTheSameFolders() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await explain(socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.hasPrefix("explained 3 photos in ") && output.out.hasSuffix("; results in results\n"))
            #expect(output.error == "")
            let kinds = ["boxes.json", "overlay.jpg", "saliency.jpg"]
            let expected = ["one.jpg", "sub/deep/three.jpg", "sub/two.JPEG"].flatMap { photo in
                kinds.map { "\(photo).\($0)" }
            }
            #expect(try files(in: "results") == (["explained.jsonl"] + expected).sorted())
        }
    }

    @Test func whatIsDoneAndUnchangedIsPassedOver() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            #expect(try await explain(socket: server.path).status == 0)
            let again = try await explain(socket: server.path)
            #expect(again.out.contains("explained 0 photos") && again.out.contains("3 done before and unchanged"))

            // Other bytes; the same bytes with another time; results that somebody took away.
            try write([0xFF, 0xD8, 9], to: "photos/one.jpg")
            try write([0xFF, 0xD8, 2], to: "photos/sub/two.JPEG")
            try FileManager.default.removeItem(atPath: path("results/sub/deep/three.jpg.overlay.jpg"))
            let third = try await explain(socket: server.path)
            #expect(third.out.contains("explained 2 photos") && third.out.contains("1 done before and unchanged"))

            let other = try await explain("--class", "dog", socket: server.path)
            #expect(other.out.contains("explained 3 photos"))
            // A line that a crash has cut off takes no other with it.
            let journal = path("results/explained.jsonl")
            let lines = try String(contentsOfFile: journal, encoding: .utf8)
            try (lines + "{\"photo\":\"one.j").write(toFile: journal, atomically: true, encoding: .utf8)
            let last = try await explain("--class", "dog", socket: server.path)
            #expect(last.out.contains("3 done before and unchanged"))
        }
    }

    @Test func aPhotoThatFailsIsNamedAndTheOthersAreDone() async throws {
        try write([], to: "photos/empty.jpg")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await explain(socket: server.path)
            #expect(output.status == 1)
            #expect(output.out.contains("explained 3 photos") && output.out.contains("1 failed"))
            let lines = output.error.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("interpretctl: empty.jpg: ") && lines[0].hasSuffix("is empty"))
            #expect(lines[1] == "interpretctl: 1 photo of 4 could not be explained; the same command tries them again")
            try write([0xFF, 0xD8, 4], to: "photos/empty.jpg")
            #expect(try await explain(socket: server.path).out.contains("explained 1 photo in "))
        }
    }

    @Test func withoutRecursiveOnlyTheFolderItselfCountsAndItsResultsDoNot() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            for _ in 0..<2 {
                let output = try await client.run(
                    "explain", "photos", "--out", "photos/r", "--json", socket: server.path)
                #expect(output.status == 0, "\(output.error)")
            }
            let all = try await client.run(
                "explain", "photos", "--out", "photos/r", "--recursive", socket: server.path)
            #expect(all.out.contains("explained 2 photos") && all.out.contains("1 done before"))
        }
    }

    @Test func withoutADaemonNothingIsTried() async throws {
        let output = try await explain(socket: path("nobody"))
        #expect(output.status == 3 && output.error.split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        ["explain", "photos"], ["explain", "photos", "--out", "r", "--raw", "m.npy"],
        ["explain", "photos", "--out", "r", "--animal", "1,2,3,4"],
    ])
    func whatIsAboutOnePhotoIsRefused(arguments: [String]) async throws {
        let output = try await client.run(arguments)
        #expect(output.status == 2 && output.error.split(separator: "\n").count == 1)
    }
}
