import Foundation
import Service
import TestSupport
import Testing
import WireProtocol

@Suite struct AccessTests {
    @Test func withoutConfigurationWhoCanConnectMayLookAndExplain() {
        let groups = AccessGroups(look: nil, explain: nil, administrate: [])
        #expect(groups.rights(ofMembersOf: [7]) == [.look, .explain])
    }

    @Test(
        arguments: [
            ([1], [.look]), ([2], [.look, .explain]), ([3], [.look, .explain, .administrate]), ([4], []),
            ([1, 2, 4], [.look, .explain]),
        ] as [(Set<gid_t>, Set<Right>)])
    func aRightBringsTheLesserOnes(groups: Set<gid_t>, rights: Set<Right>) {
        let configured = AccessGroups(look: [1], explain: [2], administrate: [3])
        #expect(configured.rights(ofMembersOf: groups) == rights)
    }

    @Test func everyMethodNeedsARight() {
        #expect(RPCMethods.right(of: "status") == .look)
        #expect(RPCMethods.right(of: "explain") == .explain)
        for method in ["redo", "reload", "clean"] { #expect(RPCMethods.right(of: method) == .administrate) }
    }

    @Test func aGroupThatThereIsNotIsAMistake() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.path + "/config.yaml")
        try Data("explain: no-such-group\n".utf8).write(to: file)
        let error = await #expect(throws: DaemonError.self) {
            try await ConfigurationSources(environment: [:], file: file.path).read()
        }
        #expect("\(try #require(error))".contains("line 1: explain names the group 'no-such-group'"))
    }

    /// The second would do everything twice.
    @Test(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30)))
    func anInboxIsForOneDaemon() async throws {
        let models = RunningDaemon.root.appending(path: "Tests/Fixtures/models/multilabel")
        let first = try await RunningDaemon(models: models)
        let other = try TemporaryFolder()
        let runner = try Interpretctl()
        let output = try await runner.run(
            RunningDaemon.executable,
            [
                "serve", "--inbox", first.inbox.path, "--models", models.path, "--state", other.path, "--socket",
                other.path + "/socket",
            ])
        #expect(output.status == 1)
        #expect(output.error.contains("another interpretd uses the inbox"))
        // A daemon that was killed leaves nothing behind.
        try await first.kill()
        let second = try await RunningDaemon(models: models, following: first)
        #expect(try await second.stop() == 0)
    }
}
