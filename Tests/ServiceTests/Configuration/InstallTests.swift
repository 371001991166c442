import Foundation
import TestSupport
import Testing

/// `make install` and `make uninstall`, into a folder, with programs that are not ours.
@Suite(.timeLimit(.minutes(5))) struct InstallTests {
    private static let program = "/usr/bin/make"
    private static let isPossible: Bool = [program, "/usr/bin/strip"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let folder: TemporaryFolder
    private var place: String { folder.path + "/place" }
    private var bundled: String { place + "/usr/share/interpretd/Models/petshop/interpret.json" }
    private var configuration: String { place + "/etc/interpretd/config.yaml" }

    init() throws {
        folder = try TemporaryFolder()
        let programs = folder.path + "/release"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        for name in ["interpretd", "interpretctl"] {
            try FileManager.default.copyItem(atPath: "/usr/bin/true", toPath: "\(programs)/\(name)")
        }
    }

    private func make(_ target: String) async throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.currentDirectoryURL = RunningDaemon.root
        process.arguments = [target, "PREFIX=/usr", "DESTDIR=\(place)", "RELEASE_FOLDER=\(folder.path)"]
        process.standardOutput = FileHandle.nullDevice
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        #expect(process.terminationStatus == 0)
    }

    private func write(_ text: String, to path: String) throws {
        let file = URL(filePath: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(.enabled(if: InstallTests.isPossible))
    func whatIsTheAdministratorsSurvivesAnUpgradeAndTheRemoval() async throws {
        try await make("install")
        #expect(text(configuration)?.contains("#inbox:") == true)
        let unit = text(place + "/usr/lib/systemd/system/interpretd.service")
        #expect(unit?.contains("/usr/bin/interpretd serve") == true)
        #expect(exists(bundled))
        // Nothing was edited: an upgrade replaces the bundled network and leaves no copies.
        try await make("install")
        #expect(!exists(bundled + ".new"))

        let hers = [
            configuration: "settle: 1\n", bundled: #"{"default": true}"#,
            place + "/var/lib/interpretd/models/own/model.onnx": "network",
            place + "/var/lib/interpretd/inbox/a.jpg": "photo",
            place + "/etc/systemd/system/interpretd.service.d/override.conf": "[Service]\n",
        ]
        for (path, contents) in hers { try write(contents, to: path) }
        for target in ["install", "uninstall"] {
            try await make(target)
            for (path, contents) in hers { #expect(text(path) == contents, "\(target): \(path)") }
            if target == "install" {
                let delivered = text(RunningDaemon.root.appending(path: "Models/petshop/interpret.json").path)
                #expect(text(bundled + ".new") == delivered)
            }
        }
        #expect(!exists(place + "/usr/bin/interpretd"))
        #expect(!exists(place + "/usr/share/interpretd/Models/animal"))
        #expect(!exists(place + "/usr/share/interpretd/Models/petshop/model.onnx"))
    }
}
