import Foundation
import TestSupport
import Testing
import WireProtocol

/// `interpretctl evaluate`: what it makes of a truth, and what it writes.
@Suite(.enabled(if: Interpretctl.isBuilt), .serialized, .timeLimit(.minutes(30))) struct EvaluateCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
        try FileManager.default.createDirectory(
            atPath: client.folder.path + "/pets", withIntermediateDirectories: true)
        try write("", to: "pets/a.jpg")
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(client.folder.path)/\(name)"))
    }

    @Test func aTruthBecomesATableAndFiles() async throws {
        try write(#"[{"file": "a.jpg", "label": "cat", "bbox": [1, 2, 30, 40]}]"#, to: "truth.json")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "evaluate", "--photos", "pets", "--truth", "truth.json", "--method", "cam", "--method",
                "rise:samples=50", "--out", "report", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            for words in ["label right", "MAXBOXACC", "center-box", "rise", "wrote report/localization.svg"] {
                #expect(output.out.contains(words), "\(words) is missing in \(output.out)")
            }
            let folder = client.folder.path + "/report"
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/localization.svg")) == FakeDaemon.chart)
            let figures = try JSONDecoder().decode(
                EvaluateResult.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/evaluation.json")))
            #expect(figures.localization.map(\.method) == ["cam", "rise", "center-box", "center-gaussian"])
            #expect(figures.charts == nil)
        }
    }

    @Test func withoutATruthAllPhotosOfTheFolderAreMeasured() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "evaluate", "--photos", "pets", "--measure", "insertion", "--json", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            let result = try JSONDecoder().decode(EvaluateResult.self, from: Data(output.out.utf8))
            #expect(result.photos == 1 && result.accuracy == nil && result.localization.isEmpty)
            #expect(result.faithfulness.map { $0.measures.keys.sorted() } == [["insertion"]])
        }
    }

    @Test func whereNothingIsKnownAndNothingIsAskedThatIsSaid() async throws {
        let output = try await client.run("evaluate", "--photos", "pets", socket: "/nowhere")
        #expect(output.status == 1 && output.error.contains("name --truth or --masks, or --faithfulness"))
    }

    @Test(arguments: [
        ("x.json", #"{"images": []}"#, "x.json: it has no 'annotations'"),
        ("x.json", "[{]", "x.json, line 1: it is not JSON"),
        ("x.csv", "file,label,x,y,width,height\na.jpg,cat,1,2,three,4", "x.csv, line 2"),
        ("x.txt", "", "a truth is a .json, .csv or .xml file"),
    ])
    func aTruthThatCannotBeReadIsSaidWithItsPlace(name: String, text: String, words: String) async throws {
        try write(text, to: name)
        let output = try await client.run("evaluate", "--photos", "pets", "--truth", name, socket: "/nowhere")
        #expect(output.status == 1)
        #expect(output.error.contains(words), "\(output.error)")
    }

    @Test(arguments: [["--measure", "beauty"], ["--method", "rise:samples"]])
    func wrongWordsAreWrongUsage(words: [String]) async throws {
        let output = try await client.run(["evaluate", "--photos", "pets"] + words, socket: "/nowhere")
        #expect(output.status == 2)
    }
}
