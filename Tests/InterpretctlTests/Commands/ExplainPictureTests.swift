import Foundation
import TestSupport
import Testing
import WireProtocol

/// The overlay on the terminal, and how pictures are written.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct ExplainPictureTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
        try Data([0xFF, 0xD8]).write(to: URL(fileURLWithPath: client.folder.path + "/a.jpg"))
    }

    private func explain(_ options: String...) async throws -> Interpretctl.Output {
        var output: Interpretctl.Output?
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            output = try await client.run(["explain", "a.jpg"] + options, socket: server.path)
        }
        return try #require(output)
    }

    @Test func aFileGetsNoEscapesAndScoresAsBars() async throws {
        let output = try await explain()
        #expect(output.status == 0, "\(output.error)")
        #expect(!output.out.contains("\u{1B}"))
        #expect(output.out.contains("cat    ██████████████████▍") && output.out.contains("91.8 %"))
    }

    @Test(arguments: [
        ("kitty", "\u{1B}_Ga=T,f=24,s=2,v=2,c=1,q=2,m=0;/wAAAP8AAAD/////\u{1B}\\\n"),
        ("blocks", "\u{1B}[38;2;255;0;0;48;2;0;0;255m▀\u{1B}[38;2;0;255;0;48;2;255;255;255m▀\u{1B}[0m\n"),
        ("none", "a.jpg"),
    ])
    func whatIsAskedForIsShownAboveTheNumbers(kind: String, beginning: String) async throws {
        let output = try await explain("--picture", kind)
        #expect(output.status == 0, "\(output.error)")
        #expect(output.out.hasPrefix(beginning))
        #expect(output.out.contains("without it cat 92 % → 4 %"))
    }

    @Test func jsonHasNoPicture() async throws {
        let output = try await explain("--picture", "kitty", "--json")
        #expect(output.out.hasPrefix("{") && !output.out.contains("\u{1B}"))
    }

    @Test func aPictureOfAnotherFormatHasItsEnding() async throws {
        let output = try await explain("--out", "r", "--format", "png", "--colour-map", "viridis", "--opacity", "0.4")
        #expect(output.status == 0, "\(output.error)")
        let names = try FileManager.default.contentsOfDirectory(atPath: client.folder.path + "/r").sorted()
        #expect(names == ["a.jpg.boxes.json", "a.jpg.overlay.png", "a.jpg.saliency.png"])
        let overlay = try Data(contentsOf: URL(fileURLWithPath: client.folder.path + "/r/a.jpg.overlay.png"))
        #expect(overlay == FakeDaemon.pngSignature + [1])
        let document = try Data(contentsOf: URL(fileURLWithPath: client.folder.path + "/r/a.jpg.boxes.json"))
        #expect(
            try JSONText(validating: document).decoded(as: Sidecar.self).files?[.overlay] == "a.jpg.overlay.png")
    }

    @Test func theDaemonNamesTheColourMapsThereAre() async throws {
        let output = try await explain("--colour-map", "jet")
        #expect(output.status == 1 && output.error.contains("no colour map 'jet'; there is"))
    }

    @Test(arguments: [
        ["--picture", "ascii"], ["--picture", "kitty", "--no-picture"], ["--opacity", "2"], ["--format", "gif"],
    ])
    func wrongOptionsAreRefused(options: [String]) async throws {
        #expect(try await client.run(["explain", "a.jpg"] + options).status == 2)
    }
}
