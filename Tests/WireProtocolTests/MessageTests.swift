import Foundation
import Testing
import WireProtocol

@Suite struct MessageTests {
    private let sidecar = Sidecar(
        photo: .init(file: "cat.jpg", width: 451, height: 300, sha256: "07"),
        model: .init(name: "petshop", sha256: "72"),
        predictions: [.init(label: "cat", score: 5.5, probability: 0.99)],
        boxes: [.init(label: "cat", score: 0.9, bbox: .init(x: 1, y: 2, width: 3, height: 4.5), method: "cam")],
        milliseconds: ["total": 41])

    @Test func explainsResultIsTheSidecarAndMore() throws {
        let result = ExplainResult(sidecar: sidecar, method: "cam", classLabel: "cat", scores: [5.5, 0.1, -2])
        let text = try JSONText(encoding: result)
        #expect(text.description.contains(#""bbox":[1,2,3,4.5]"#))
        #expect(text.description.contains(#""class":"cat""#))
        #expect(text.description.contains(#""scores":[5.5,0.1,-2]"#))
        #expect(try text.decoded(as: ExplainResult.self) == result)
        #expect(try text.decoded(as: Sidecar.self) == sidecar)
    }

    @Test func anErrorCarriesItsStableWordAndThePhotosOwn() throws {
        let error = RPCError.unreadable(photo: "/a.jpg", reason: RPCError.permissionDenied, message: "no")
        let line = try Reply(id: 1, outcome: .failure(error)).line()
        guard case .reply(let reply) = try ServerMessage(line: line.dropLast()), case .failure(let read) = reply.outcome
        else {
            Issue.record("not an error reply")
            return
        }
        #expect(read == error)
        #expect(read.code == .photoUnreadable)
        #expect(read.reason == "permission-denied")
    }

    @Test func everyErrorCodeHasItsOwnNumberAndWord() {
        #expect(Set(ErrorCode.allCases.map(\.number)).count == ErrorCode.allCases.count)
        #expect(ErrorCode.allCases.allSatisfy { $0.rawValue.allSatisfy { $0.isLowercase || $0 == "-" } })
        #expect(ErrorCode.allCases.allSatisfy { (-32099 ... -32000).contains($0.number) || $0.number <= -32600 })
    }

    @Test func theMethodTableHasNoNameTwice() {
        let names = RPCMethods.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test func aResultIsReadByteForByte() throws {
        let line = Data(#"{"jsonrpc":"2.0","id":1,"result": {"z":1.0, "a":[ ]} }"#.utf8)
        let expected = try JSONText(validating: Data(#"{"z":1.0, "a":[ ]}"#.utf8))
        #expect(try ServerMessage(line: line) == .reply(Reply(id: 1, outcome: .success(expected))))
    }

    @Test func lineFeedsOfAPrettyPrintedTextDoNotReachTheLine() throws {
        let text = try JSONText(validating: Data("{\n \"a\":\r\n 1}".utf8))
        let line = try Reply(id: 1, outcome: .success(text)).line()
        #expect(line.filter { $0 == 0x0A || $0 == 0x0D }.count == 1)
    }

    @Test func timesAreWrittenToTheMillisecond() throws {
        let event = Event(.photoDone, time: Date(timeIntervalSince1970: 1_748_770_200.125), path: "/inbox/a.jpg")
        let text = try JSONText(encoding: event)
        #expect(
            text.description
                == #"{"event":"photo-done","path":"/inbox/a.jpg","time":"2025-06-01T09:30:00.125Z"}"#)
        #expect(try text.decoded(as: Event.self) == event)
    }

    @Test func aTimeWithoutMillisecondsIsReadToo() throws {
        let text = try JSONText(validating: Data(#"{"event":"x","time":"2025-06-01T09:30:00Z"}"#.utf8))
        #expect(try text.decoded(as: Event.self).time == Date(timeIntervalSince1970: 1_748_770_200))
    }

    @Test func theSameValueIsTheSameBytes() throws {
        let metrics = Dictionary(uniqueKeysWithValues: (0..<40).map { ("metric\($0)", Double($0)) })
        let first = try JSONText(encoding: metrics)
        for _ in 0..<5 { #expect(try JSONText(encoding: Dictionary(metrics.shuffled()) { $1 }) == first) }
    }

    @Test func anUnknownExtentIsNull() throws {
        let input = ModelDescription.Input(name: "pixel_values", shape: [nil, 3, nil, nil])
        #expect(
            try JSONText(encoding: input).description == #"{"name":"pixel_values","shape":[null,3,null,null]}"#)
    }

    @Test func theLargestInlineFileFitsIntoALine() throws {
        let parameters = ExplainParameters(source: .bytes(Data(count: WireLimits.inlineFileBytes)))
        let line = try RPCMethods.explain.request(id: 1, parameters).line()
        #expect(line.count <= WireLimits.lineBytes)
        let read = try Request(line: line.dropLast())
        #expect(try RPCMethods.explain.parameters(of: read) == parameters)
    }
}

@Suite struct SocketPathTests {
    private let runtime = ["XDG_RUNTIME_DIR": "/run/user/1000"]

    @Test func anExplicitPathBeatsEverything() {
        let environment = ["INTERPRETD_SOCKET": "/e"]
        #expect(SocketPath.forConnecting(explicit: "/x", environment: environment) { _ in true } == "/x")
        #expect(SocketPath.forListening(explicit: "/x", environment: environment) == "/x")
    }

    @Test func theVariableCountsEvenWhereNothingLiesThere() {
        let environment = runtime.merging(["INTERPRETD_SOCKET": "/e"]) { $1 }
        #expect(SocketPath.forConnecting(explicit: nil, environment: environment) { _ in false } == "/e")
    }

    @Test func theUsersSocketIsTakenWhereItExistsElseTheSystems() {
        let user = "/run/user/1000/interpretd/interpretd.sock"
        #expect(SocketPath.forConnecting(explicit: nil, environment: runtime) { $0 == user } == user)
        #expect(
            SocketPath.forConnecting(explicit: nil, environment: runtime) { _ in false }
                == "/run/interpretd/interpretd.sock")
    }

    @Test func emptyVariablesCountAsUnset() {
        let environment = ["INTERPRETD_SOCKET": "", "XDG_RUNTIME_DIR": ""]
        #expect(SocketPath.candidates(environment: environment).map(\.path) == [SocketPath.system])
    }

    @Test func aUsersDaemonListensWhereTheUsersClientsLook() {
        #expect(
            SocketPath.forListening(explicit: nil, environment: runtime)
                == "/run/user/1000/interpretd/interpretd.sock")
    }
}
