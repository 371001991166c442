import Foundation
import TestSupport
import Testing

/// `make install` and `make uninstall`, into a folder, with programs that are not ours.
@Suite(.timeLimit(.minutes(30))) struct InstallTests {
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
        let program = try await RunningProgram(
            Self.program, [target, "PREFIX=/usr", "DESTDIR=\(place)", "RELEASE_FOLDER=\(folder.path)"],
            in: RunningDaemon.root.path)
        #expect(try await program.end().status == 0)
    }

    private static let analyzer = "/usr/bin/systemd-analyze"
    private static let canAnalyze = isPossible && FileManager.default.isExecutableFile(atPath: analyzer)

    /// Asks systemd about the installed unit. Returns whether it is content, and what it says.
    private func analyze(_ arguments: String...) async throws -> (isGood: Bool, output: String) {
        let log = folder.path + "/log"
        try Data().write(to: URL(filePath: log))
        let program = try await RunningProgram(
            Self.analyzer, arguments + ["--root=\(place)"], out: log, error: log)
        return (try await program.end().status == 0, text(log) ?? "")
    }

    /// The drop-ins that a page of the documentation recommends.
    private static func dropIns(_ page: String) throws -> [String] {
        let file = RunningDaemon.root.appending(path: "Documentation/\(page)")
        let parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```ini\n").dropFirst()
        return parts.compactMap { $0.components(separatedBy: "```").first }
    }

    @Test(.enabled(if: InstallTests.canAnalyze))
    func systemdIsContentWithTheUnitAndTheDropInsOfTheDocumentation() async throws {
        try await make("install")
        // What the unit calls besides.
        try FileManager.default.createDirectory(atPath: place + "/bin", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "/usr/bin/true", toPath: place + "/bin/kill")
        func check(_ what: String) async throws {
            let answer = try await analyze(
                "verify", "--man=no", "--recursive-errors=no", "interpretd.service", "interpretd.socket")
            #expect(answer.isGood && answer.output.isEmpty, "\(what): \(answer.output)")
        }
        try await check("as installed")
        // Tenths: under 1.0.
        let exposure = try await analyze("security", "--offline=true", "--threshold=9", "interpretd.service")
        #expect(exposure.isGood, "\(exposure.output.suffix(200))")
        for page in ["Administration.md", "EvidencePage.md"] {
            let dropIns = try Self.dropIns(page)
            #expect(!dropIns.isEmpty)
            for text in dropIns {
                let file = place + "/etc/systemd/system/interpretd.service.d/override.conf"
                try write(text, to: file)
                try await check("\(page): \(text)")
            }
        }
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
