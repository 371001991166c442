import Foundation
import TestSupport
import Testing
import WireProtocol

/// What an administrator meets: a catalog that is damaged, photos to be done again, and the doctor.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct DaemonHealingTests {
    private static let models = RunningDaemon.root.appending(path: "Tests/Fixtures/models/multilabel")

    /// When each file of the inbox was written, but for those that are being written.
    private func times(_ daemon: RunningDaemon) throws -> [String: Date] {
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.inbox.path)
        return names.filter { !$0.hasPrefix(".") }.reduce(into: [:]) { times, name in
            let path = daemon.inbox.appending(path: name).path
            times[name] = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        }
    }

    private func waitForDone(_ count: Int, _ daemon: RunningDaemon) async throws -> StatusResult {
        var status = try await daemon.result(of: RPCMethods.status, NoParameters())
        for _ in 0..<600 where status.photos.done < count {
            try await Task.sleep(for: .milliseconds(50))
            status = try await daemon.result(of: RPCMethods.status, NoParameters())
        }
        return status
    }

    @Test(arguments: [false, true]) func aDamagedCatalogHealsAndNothingIsDoneTwice(hasBackup: Bool) async throws {
        var daemon = try await RunningDaemon(models: Self.models)
        for index in 0..<5 {
            try FileManager.default.copyItem(
                at: RunningDaemon.demoPhoto, to: daemon.inbox.appending(path: "\(index).jpg"))
        }
        #expect(try await waitForDone(5, daemon).photos.done == 5)
        #expect(try await daemon.stop() == 0)
        let catalog = try #require(daemon.catalog)
        let backup = URL(filePath: catalog.path + ".backup")
        #expect(FileManager.default.fileExists(atPath: backup.path))
        if !hasBackup { try FileManager.default.removeItem(at: backup) }
        // Its log would mend it.
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: catalog.path + suffix) }
        try Data((0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: catalog)
        let before = try times(daemon)

        daemon = try await RunningDaemon(models: Self.models, following: daemon)
        let status = try await waitForDone(5, daemon)
        #expect(status.photos == .init(pending: 0, working: 0, done: 5, failed: 0))
        #expect(status.notices?.contains { $0.contains("the catalog was damaged") } == true)
        #expect(daemon.log.contains("the catalog is damaged and was set aside"))
        #expect(try times(daemon) == before)

        let client = try Interpretctl()
        let doctor = try await client.run("doctor", socket: daemon.socket)
        #expect(doctor.status == 0, "\(doctor.out)")
        #expect(doctor.out.contains("damaged-"))
        #expect(try await daemon.stop() == 0)
    }

    @Test func photosAreDoneAgainWhenSomebodyAsks() async throws {
        let daemon = try await RunningDaemon(models: Self.models)
        let photo = daemon.inbox.appending(path: "cat.jpg")
        _ = try await daemon.document(of: RunningDaemon.demoPhoto)
        _ = try await waitForDone(1, daemon)
        let before = try times(daemon)["cat.jpg.boxes.json"]
        let client = try Interpretctl()
        let answer = try await client.run("redo", photo.path, socket: daemon.socket)
        #expect(answer.status == 0 && answer.out == "1 photo queued\n", "\(answer.error)")
        for _ in 0..<600 where try times(daemon)["cat.jpg.boxes.json"] == before {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try times(daemon)["cat.jpg.boxes.json"] != before)
        for (arguments, status) in [
            (["redo", "/etc/passwd"], Int32(1)), (["redo"], 2), (["redo", "a.jpg", "--all"], 2),
        ] {
            #expect(try await client.run(arguments, socket: daemon.socket).status == status)
        }
        #expect(try await daemon.stop() == 0)
    }

    @Test func theDoctorMissesWhatSomebodyRemoved() async throws {
        let models = try TemporaryFolder()
        let folder = URL(filePath: models.path).appending(path: "petshop")
        try FileManager.default.copyItem(
            at: RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop"), to: folder)
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let client = try Interpretctl()
        func unwell() async throws -> [String: String] {
            let output = try await client.run("doctor", "--json", socket: daemon.socket)
            let checks = try JSONDecoder().decode(DoctorResult.self, from: Data(output.out.utf8)).checks
            return checks.reduce(into: [:]) { if $1.verdict != .ok { $0[$1.name] = $1.finding } }
        }
        let before = try await unwell()
        #expect(before["catalog"] == nil && before["folders of networks"] == nil, "\(before)")
        try FileManager.default.removeItem(at: folder)
        try FileManager.default.removeItem(at: try #require(daemon.catalog))
        let after = try await unwell()
        #expect(after["catalog"]?.contains("its file was removed") == true, "\(after)")
        #expect(after["folders of networks"]?.contains(folder.path) == true, "\(after)")
        #expect(try await daemon.stop() == 0)
    }

    @Test func theDoctorSaysWhatIsWrongAndWhatToDo() async throws {
        let empty = try TemporaryFolder()
        let daemon = try await RunningDaemon(models: URL(filePath: empty.path))
        let client = try Interpretctl()
        let output = try await client.run("doctor", "--json", socket: daemon.socket)
        #expect(output.status == 1)
        let checks = try JSONDecoder().decode(DoctorResult.self, from: Data(output.out.utf8)).checks
        #expect(checks.first?.name == "daemon" && checks.first?.verdict == .ok)
        #expect(checks.filter { $0.verdict == .fail }.map(\.name) == ["network"])
        #expect(checks.allSatisfy { $0.verdict == .ok || $0.remedy != nil })
        #expect(checks.first { $0.name == "catalog" }?.verdict == .ok)
        #expect(try await daemon.stop() == 0)
        let gone = try await client.run("doctor", socket: daemon.socket)
        #expect(gone.status == 1 && gone.out.contains("fail") && gone.out.contains("interpretd serve"))
    }
}
