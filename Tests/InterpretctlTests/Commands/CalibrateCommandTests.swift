import Foundation
import TestSupport
import Testing
import WireProtocol

/// `interpretctl calibrate` and `check`: what they write, and what they say.
@Suite(.enabled(if: Interpretctl.isBuilt), .serialized, .timeLimit(.minutes(30))) struct CalibrateCommandTests {
    private let client: Interpretctl
    private var file: URL { URL(fileURLWithPath: client.folder.path + "/pets/interpret.json") }

    init() throws {
        client = try Interpretctl()
        let folder = client.folder.path + "/pets/cat"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: folder + "/a.jpg"))
    }

    /// The fake daemon says that the model's folder is that of the photos.
    @Test func theRecordIsPutIntoTheFileAndTheRestStays() async throws {
        try Data("{\n  \"default\": true\n}\n".utf8).write(to: file)
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let dry = try await client.run(
                "calibrate", "petshop", "--photos", "pets", "--dry-run", socket: server.path)
            #expect(dry.status == 0, "\(dry.error)")
            #expect(try String(contentsOf: file, encoding: .utf8) == "{\n  \"default\": true\n}\n")
            let output = try await client.run("calibrate", "petshop", "--photos", "pets", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("temperature 1.500") && output.out.contains("10.0 % (5.0–15.0)"))
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.hasPrefix("{\n  \"default\": true,\n  \"calibration\": {"))
            let members = try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
            #expect(members.keys.sorted() == ["calibration", "default"])
        }
    }

    @Test func aFileThatIsNoObjectStaysAsItIs() async throws {
        try Data("[1]".utf8).write(to: file)
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("calibrate", "petshop", "--photos", "pets", socket: server.path)
            #expect(output.status == 1 && output.error.contains("nothing is written"), "\(output.error)")
            #expect(try Data(contentsOf: file) == Data("[1]".utf8))
        }
    }

    @Test func theCertificateSaysWhatFails() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("check", "petshop", "--photos", "pets", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            for words in ["lrp", "FAILS", "0.70", "attention-rollout cannot be used: it has no attention"] {
                #expect(output.out.contains(words), "\(words) is missing in \(output.out)")
            }
            #expect(try await client.run("check", "petshop", "--count", "0", socket: server.path).status == 2)
        }
    }
}
