import Foundation
import Service
import TestSupport
import Testing

@Suite struct ConfigurationTests {
    private let folder: TemporaryFolder
    private let file: String

    init() throws {
        folder = try TemporaryFolder()
        file = folder.path + "/config.yaml"
    }

    private func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: file)) }

    private func problem(_ text: String, environment: [String: String] = [:]) async throws -> String {
        try write(text)
        do {
            _ = try await ConfigurationSources(environment: environment, file: file).read()
            return "none"
        } catch {
            return "\(error)".replacingOccurrences(of: folder.path, with: "")
        }
    }

    @Test func flagsAreStrongerThanTheEnvironmentAndThatIsStrongerThanTheFile() async throws {
        try write("inbox: /file\nsocket: /file\nthreads: 1\nsettle: 2\nocclusion: true\nmodels: [/a, /b]\n")
        var flags = DaemonConfiguration()
        flags.inbox = "/flag"
        let environment = [
            "INTERPRETD_INBOX": "/environment", "INTERPRETD_SOCKET": "/environment", "INTERPRETD_THREADS": "",
            "INTERPRETD_PLAIN_SALIENCY": "yes", "INTERPRETD_MAX_MEGAPIXELS": "12",
        ]
        let configuration = try await ConfigurationSources(flags: flags, environment: environment, file: file).read()
        #expect(configuration.inbox == "/flag")
        #expect(configuration.socket == "/environment")
        #expect(configuration.threads == 1)
        #expect(configuration.settle == 2)
        #expect(configuration.occlusion == true)
        #expect(configuration.plainSaliency == true)
        #expect(configuration.maxMegapixels == 12)
        #expect(configuration.models == ["/a", "/b"])
        #expect(configuration.keepSidecars == nil)
    }

    @Test func aFileMayBeJSONOrEmpty() async throws {
        try write(#"{"inbox": "/srv", "models": "/m", "settle": 0.5}"#)
        var configuration = try await ConfigurationSources(environment: [:], file: file).read()
        #expect(configuration.inbox == "/srv" && configuration.models == ["/m"] && configuration.settle == 0.5)
        for text in ["", "# nothing\n", "inbox:\n"] {
            try write(text)
            configuration = try await ConfigurationSources(environment: [:], file: file).read()
            #expect(configuration == DaemonConfiguration())
        }
    }

    @Test(arguments: [
        ("# ours\nsetle: 1\n", "configuration /config.yaml, line 2: there is no key 'setle'; the nearest is 'settle'"),
        ("inbox: /a\nthreads: many\n", "configuration /config.yaml, line 2: 'threads' should be a whole number"),
        ("keepSidecars: 3\n", "configuration /config.yaml, line 1: 'keepSidecars' should be true or false"),
        ("inbox: [/a, /b]\n", "configuration /config.yaml, line 1: 'inbox' should be a text"),
        ("models: [[/a]]\n", "configuration /config.yaml, line 1: 'models' should be a text or a list of texts"),
        (
            "\nsettle: 0\n",
            "configuration /config.yaml, line 2: settle should lie between 0.01 and 3600 seconds, got 0.0"
        ),
        ("- inbox\n", "configuration /config.yaml, line 1: should be lines of 'key: value'"),
    ])
    func aMistakeIsNamedWithItsLine(text: String, message: String) async throws {
        #expect(try await problem(text) == message)
    }

    @Test func whatIsNoYAMLAndWhatIsNotThereIsSaid() async throws {
        #expect(try await problem("inbox: \"/a\n").contains("this is no YAML"))
        #expect(try await problem("\ninbox: /a\n\ninbox: /b\n").contains("'inbox' is there twice"))
        try FileManager.default.removeItem(atPath: file)
        await #expect(throws: DaemonError.self) {
            _ = try await ConfigurationSources(environment: [:], file: file).read()
        }
    }

    @Test func aMistakeInTheEnvironmentIsNamedWithTheVariable() async throws {
        #expect(
            try await problem("threads: 2\n", environment: ["INTERPRETD_THREADS": "many"])
                == "configuration INTERPRETD_THREADS: should be a whole number")
        #expect(
            try await problem("threads: 2\n", environment: ["INTERPRETD_THREADS": "9999"])
                == "configuration INTERPRETD_THREADS: threads should lie between 1 and 1024, got 9999")
    }

    /// The file that `make install` puts to where the unit reads it.
    @Test func theInstalledFileExplainsEveryKeyAndSetsNone() async throws {
        let text = try String(
            contentsOf: RunningDaemon.root.appending(path: "systemd/config.yaml"), encoding: .utf8)
        try write(text)
        #expect(try await ConfigurationSources.check(file).isEmpty)
        // A key is a line such as `#settle: 0.3`, an explanation one such as `# Seconds …`.
        let keys = text.split(separator: "\n").filter { $0.starts(with: "#") && !$0.starts(with: "# ") && $0 != "#" }
        try write(keys.map { $0.dropFirst() }.joined(separator: "\n"))
        let set = try await ConfigurationSources.check(file)
        #expect(Set(set) == ConfigurationSources.keys)
    }

    @Test(.enabled(if: RunningDaemon.isBuilt)) func theProgramChecksAFile() async throws {
        let runner = try Interpretctl()
        func check() async throws -> Interpretctl.Output {
            try await runner.run(RunningDaemon.executable, ["config", "check", file])
        }
        try write("settle: 1\n")
        let good = try await check()
        #expect(good.status == 0 && good.out == "\(file): in order; it sets settle\n", "\(good.error)")
        try write("\nmaxMegapixel: 1\n")
        let bad = try await check()
        #expect(bad.status == 2 && bad.error.contains("line 2") && bad.error.contains("'maxMegapixels'"))
    }
}
