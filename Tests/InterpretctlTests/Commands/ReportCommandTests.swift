import Foundation
import TestSupport
import Testing
import WireProtocol

/// `interpretctl report` and what it leaves.
@Suite(.enabled(if: Interpretctl.isBuilt), .serialized, .timeLimit(.minutes(30))) struct ReportCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: client.folder.path)) ?? [])
            .filter { !["stdout", "stderr", "bin"].contains($0) }.sorted()
    }

    private func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(client.folder.path)/\(name)"))
    }

    /// A program that stands where Chromium would.
    private func browser(_ script: String) throws -> String {
        let folder = client.folder.path + "/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: folder + "/chromium"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/chromium")
        return folder
    }

    private func run(_ arguments: String..., path: String, socket: String) async throws -> Interpretctl.Output {
        try await client.run(["report"] + arguments, socket: socket, environment: ["PATH": path])
    }

    @Test func theFileIsWhatTheDaemonSent() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "report", "--since", "yesterday", "--output", "a/week.html", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("1 photo") && output.out.contains("wrote a/week.html, "))
            #expect(try read("a/week.html") == FakeDaemon.reportFile)
            #expect(names == ["a"])
            #expect(try await client.run("report", socket: server.path).status == 0)
            #expect(names == ["a", "report.html"])
        }
    }

    @Test(arguments: ["broken", "wrong-digest"])
    func whatGoesWrongLeavesTheFileAsItWas(label: String) async throws {
        try Data("old".utf8).write(to: URL(filePath: client.folder.path + "/report.html"))
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("report", "--label", label, socket: server.path)
            #expect(output.status == 1 && output.error.split(separator: "\n").count == 1)
            #expect(try read("report.html") == Data("old".utf8) && names == ["report.html"])
            let piped = try await client.run("report", "--label", label, "--output", "-", socket: server.path)
            #expect(piped.status == 1)
        }
    }

    @Test func itGoesToStandardOutputWithoutAWordBesides() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("report", "--output", "-", socket: server.path)
            #expect(output.status == 0 && output.error == "")
            #expect(try read("stdout") == FakeDaemon.reportFile && names == [])
        }
    }

    @Test func theNumbersComeAloneWhereNoFileIsNamed() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("report", "--json", socket: server.path)
            let result = try WireCoding.decoder().decode(ReportResult.self, from: Data(output.out.utf8))
            #expect(result.contents == nil && result.overview.all.photos == 1 && names == [])
            let both = try await client.run("report", "--json", "--output", "x.html", socket: server.path)
            #expect(try WireCoding.decoder().decode(ReportResult.self, from: Data(both.out.utf8)).contents?.others == 1)
            #expect(names == ["x.html"])
        }
    }

    @Test func aBrowserPrintsIt() async throws {
        let path = try browser(
            """
            for argument; do case $argument in
              --print-to-pdf=*) file=${argument#--print-to-pdf=} ;;
              file://*) page=${argument#file://} ;;
            esac; done
            { printf '%%PDF-'; /bin/cat "$page"; } > "$file"
            """)
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await run("--output", "report.PDF", path: path, socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.hasSuffix("wrote report.PDF\n") && names == ["report.PDF"])
            #expect(try read("report.PDF") == Data("%PDF-".utf8) + FakeDaemon.reportFile)
            #expect(try await run("--format", "pdf", "--output", "-", path: path, socket: server.path).status == 0)
            #expect(try read("stdout").prefix(5) == Data("%PDF-".utf8))
        }
    }

    @Test func withoutABrowserItSaysWhatToInstallAndAsksNobody() async throws {
        let output = try await run("--format", "pdf", path: "/nowhere", socket: client.folder.path + "/nobody")
        #expect(output.status == 1 && output.error.contains("apt install chromium") && names == [])
    }

    @Test func aBrowserThatPrintsNothingIsNamed() async throws {
        let path = try browser("exit 0")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await run("--format", "pdf", path: path, socket: server.path)
            #expect(output.status == 1 && output.error.contains("\(path)/chromium printed no PDF") && names == [])
        }
    }

    @Test(arguments: [
        (["--since", "someday"], "'someday' is no time"), (["--verdict", "looks-away"], "looks-elsewhere"),
        (["--megabytes", "61"], "1 to 60"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--since should not be later"),
        (["--json", "--output", "-"], "standard output"), (["--output", "folder/"], "the name of a file"),
    ])
    func wrongUsageIsToldApart(arguments: [String], message: String) async throws {
        let output = try await client.run(["report"] + arguments)
        #expect(output.status == 2 && output.error.contains(message), "\(output.error)")
    }
}
