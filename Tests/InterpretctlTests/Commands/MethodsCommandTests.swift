import Foundation
import Socket
import Synchronization
import TestSupport
import Testing
import WireProtocol

/// `interpretctl methods`, and the method parameters that `explain` passes on without knowing them.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct MethodsCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
        try Data([0xFF, 0xD8]).write(to: URL(fileURLWithPath: client.folder.path + "/a.jpg"))
    }

    @Test func aMethodIsShownWithATableOfItsParameters() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("methods", "occlusion", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            let words = output.out.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
            #expect(words.first == "occlusion how the class fares while a window is hidden")
            #expect(words.contains("paper Zeiler and Fergus 2014, arXiv:1311.2901"))
            #expect(
                words.suffix(6) == [
                    "PARAMETER KIND RANGE DEFAULT",
                    "--window whole number from 1 a fifth of the shorter side side of the hidden square",
                    "--stride whole number from 1 half a window from one window to the next",
                    "--fill fill zero what hides",
                    "--precision choice exact, adaptive exact whether the map is exact",
                    "--tolerance number 0.001 to 1 0.2 the error to be expected",
                ])
            #expect(!output.out.contains("cam"))
            let plain = try await client.run("methods", "cam", socket: server.path)
            #expect(plain.out.hasSuffix("\n  no parameters\n"))
        }
    }

    @Test func anUnknownMethodIsRefusedWithTheNamesThereAre() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("methods", "occlussion", "--json", socket: server.path)
            #expect(output.status == 1)
            #expect(output.out == "")
            #expect(output.error == "interpretctl: there is no method 'occlussion'; there are cam, occlusion\n")
        }
    }

    @Test func jsonOfOneMethodIsItsElementOfTheResult() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let all = try await client.run("methods", "--json", socket: server.path)
            let one = try await client.run("methods", "occlusion", "--json", socket: server.path)
            #expect(one.status == 0)
            #expect(all.out.hasSuffix("," + one.out.dropLast() + "]\n"))
        }
    }

    @Test func parametersReachTheDaemonWhereverTheyStand() async throws {
        let received = Received()
        var router = FakeDaemon().handler
        router.on(RPCMethods.explain) { parameters, _ async throws(RPCError) in
            received.last = parameters
            throw RPCError(.badParameter, "as expected")
        }
        try await SocketTestServer.with(router) { server in
            for words in [
                ["a.jpg", "--method", "occlusion", "--window", "32", "--fill", "-0.5,0,1", "--noise", "-1"],
                ["--window", "32", "--fill=-0.5,0,1", "--method", "occlusion", "--noise=-1", "a.jpg"],
                ["--noise", "-1", "a.jpg", "--window=32", "--method", "occlusion", "--parameter", "fill=-0.5,0,1"],
            ] {
                received.last = nil
                let output = try await client.run(["explain"] + words, socket: server.path)
                #expect(output.status == 1)
                let parameters = try #require(received.last, "\(output.error)")
                guard case .path(let path) = parameters.source else {
                    Issue.record("the client sent something else than a path")
                    continue
                }
                #expect(path.hasSuffix("/a.jpg"))
                #expect(
                    parameters.parameters == [
                        "window": .number(32), "fill": .string("-0.5,0,1"), "noise": .number(-1),
                    ])
            }
        }
    }

    @Test func aMistypedOptionWithAValueIsRefusedByTheDaemon() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "explain", "a.jpg", "--method", "occlusion", "--clas", "dog", socket: server.path)
            #expect(output.status == 1)
            #expect(
                output.error == "interpretctl: occlusion has no parameter 'clas'; "
                    + "it knows window, stride, fill, precision, tolerance\n")
        }
    }

    @Test(arguments: [
        // No method that it could be a parameter of.
        (["a.jpg", "--clas", "dog"], "'--clas' is no option"),
        // A flag has no value, and takes nothing else for one.
        (["a.jpg", "--method", "cam", "--probabilty"], "'--probabilty' is no option"),
        (["a.jpg", "--method", "cam", "--probabilty", "--window", "3"], "'--probabilty' is no option"),
        (["--method", "cam", "--probabilty", "a.jpg"], "'<photo>'; what follows --probabilty"),
        (["a.jpg", "--method", "cam", "-x"], "Unknown option '-x'"),
        (["a.jpg", "b.jpg"], "Unexpected argument 'b.jpg'"),
        (["a.jpg", "--method", "cam", "--window", "3", "b.jpg"], "Unexpected argument 'b.jpg'"),
    ])
    func whatIsNeitherOptionNorParameterIsWrongUsage(words: [String], says: String) async throws {
        let output = try await client.run(["explain"] + words)
        #expect(output.status == 2)
        #expect(output.error.contains(says))
        #expect(output.error.contains("see 'interpretctl explain --help'"))
    }

    @Test func aPhotoWithADashIsNamedBehindTwo() async throws {
        let output = try await client.run("explain", "--", "--odd.jpg")
        #expect(output.error == "interpretctl: there is no photo at --odd.jpg\n")
    }

    @Test func theHelpSaysWhereTheParametersAreListed() async throws {
        let output = try await client.run("explain", "--help")
        let words = output.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("Method parameters are flags"))
        #expect(words.contains("see 'interpretctl methods NAME'"))
        #expect(!output.out.contains("--field-cap"))
    }
}

private final class Received: Sendable {
    private let parameters = Mutex<ExplainParameters?>(nil)

    var last: ExplainParameters? {
        get { parameters.withLock { $0 } }
        set { parameters.withLock { $0 = newValue } }
    }
}
