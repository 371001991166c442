import Execution
import Foundation
import Networks
import Tensors
import Testing

/// Whatever way a convolution is computed, its numbers are right; and what is chosen once stays chosen.
@Suite struct AlgorithmTests {
    /// The ways that differ in more than speed.
    static let algorithms: [ConvolutionAlgorithm] =
        [ConvolutionAlgorithm(.toomCook, .library)]
        + [Arrangement.channelsLast, .blocked].flatMap { arrangement in
            [
                ConvolutionAlgorithm(.direct, arrangement),
                ConvolutionAlgorithm(.direct, arrangement, turnsWeights: true),
                ConvolutionAlgorithm(.winograd, arrangement),
                ConvolutionAlgorithm(.winograd, arrangement, implementation: 1),
                ConvolutionAlgorithm(.winograd, arrangement, turnsWeights: true),
                ConvolutionAlgorithm(.winograd, arrangement, implementation: 1, turnsWeights: true),
            ]
        }

    /// All small networks with PyTorch's values beside them, the way forced wherever it is possible.
    @Test(arguments: algorithms)
    func everyAlgorithmAgreesWithPyTorch(_ algorithm: ConvolutionAlgorithm) async throws {
        for name in Fixtures.networks {
            let graph = try Fixtures.graph(name)
            let meta = try Fixtures.meta(name)
            let inputs = try graph.inputs.map { input in
                try Fixtures.tensor("networks/\(name)/\(try #require(meta.inputs[graph.name(of: input.value)]))")
            }
            let session = try InferenceSession(graph: graph, threads: 1, algorithms: .preferring(algorithm))
            let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
            let (output, alone, gradient) = try await session.perform { evaluator in
                let pass = try evaluator.forward(inputs, derivatives: [derivative])
                let output = try pass.output()
                let gradient = try pass.derivative(seed: try Tensor.oneClass(output.shape, meta.class))[0]
                // Without derivatives more is computed in place and together.
                return (output, try evaluator.forward(inputs).output(), gradient)
            }
            let file = try #require(meta.outputs[graph.name(of: graph.outputs[0])])
            let expected = try Fixtures.tensor("networks/\(name)/\(file)")
            #expect(output.relativeError(to: expected) < meta.tolerance, "\(name)")
            #expect(alone.relativeError(to: expected) < meta.tolerance, "\(name), forward alone")
            let signal = try #require(gradient)
            let reference = try Fixtures.tensor("networks/\(name)/gradient.npy")
            #expect(signal.relativeError(to: reference) < meta.tolerance, "\(name), gradient")
        }
    }

    @Test(arguments: algorithms)
    func petshopAgreesWithPyTorch(_ algorithm: ConvolutionAlgorithm) async throws {
        let graph = try Fixtures.petshop()
        let input = try Fixtures.tensor("petshop-reference/cat.input.npy")
        let session = try InferenceSession(graph: graph, threads: 1, algorithms: .preferring(algorithm))
        let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
        let (scores, gradient) = try await session.perform { evaluator in
            let pass = try evaluator.forward([input], derivatives: [derivative])
            let scores = try pass.output()
            return (scores, try pass.derivative(seed: .oneHot(scores.shape, at: 0))[0])
        }
        #expect(scores.relativeError(to: try Fixtures.tensor("petshop-reference/cat.scores.npy")) < 1e-4)
        let reference = try Fixtures.tensor("petshop-reference/cat.gradient.npy")
        #expect(try #require(gradient).relativeError(to: reference) < 1e-4)
    }

    @Test(arguments: Arrangement.allCases)
    func namesAreReadAsTheyAreWritten(_ arrangement: Arrangement) {
        for algorithm in ConvolutionAlgorithm.all(in: arrangement) {
            #expect(ConvolutionAlgorithm(algorithm.description) == algorithm)
        }
        for text in ["", "direct", "direct/blocked", "direct/blocked/-1", "direct/blocked/99", "fft/blocked/0"] {
            #expect(ConvolutionAlgorithm(text) == nil)
        }
    }

    // MARK: What is remembered

    @Test func theSameRequestGetsTheSameBitsAfterItsPlanWasForgotten() async throws {
        let graph = try Fixtures.petshop()
        let input = try Fixtures.tensor("petshop-reference/cat.input.npy")
        // A budget of nothing leaves every question open; the answers must hold all the same.
        for budget in [Duration.seconds(30), .zero] {
            let table = AlgorithmTable(budget: budget)
            let session = try InferenceSession(graph: graph, cachedPlans: 1, algorithms: .measured(table))
            let other = try InferenceSession(graph: graph, algorithms: .measured(table))
            let first = try await session.perform { try $0.forward([input]).output() }
            let again = try await session.perform { evaluator in
                _ = try evaluator.forward([input], keeping: [graph.inputs[0].value])
                return try evaluator.forward([input]).output()
            }
            #expect(first == again)
            #expect(try await other.perform { try $0.forward([input]).output() } == first)
        }
    }

    @Test func inHasteItAnswersAsTheLibraryWouldAndIsMeasuredAfterwards() async throws {
        let graph = try Fixtures.petshop()
        let input = try Fixtures.tensor("petshop-reference/cat.input.npy")
        let standard = try InferenceSession(graph: graph)
        let expected = try await standard.perform { try $0.forward([input]).output() }
        let table = AlgorithmTable(budget: .seconds(600), isHasty: true)
        let session = try InferenceSession(graph: graph, algorithms: .measured(table))
        #expect(try await session.perform { try $0.forward([input]).output() } == expected)
        await session.untilMeasured()
        let measured = table.count
        #expect(measured > 3)
        let later = try await session.perform { try $0.forward([input]).output() }
        #expect(later.relativeError(to: expected) < 1e-4)
        // What is settled stays so: another session needs no haste.
        let other = try InferenceSession(graph: graph, algorithms: .measured(table))
        #expect(try await other.perform { try $0.forward([input]).output() } == later)
        #expect(table.count == measured)
    }

    @Test func whatIsOpenOfAKnownNetworkIsMeasuredLater() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "kernel-speeds.json")
            try await runNetwork(self.table(file))
            var content = try self.content(of: file)
            let algorithms = try #require(content["algorithms"] as? [String: String])
            content["algorithms"] = [String: String]()
            try write(content, to: file)
            let table = AlgorithmTable(file: file, budget: .zero, isHasty: true)
            let known = table.count
            let session = try await runNetwork(table)
            await session.untilMeasured()
            #expect(table.count == known + algorithms.count)
        }
    }

    @Test func measuringLetsOthersThrough() async throws {
        let graph = try Fixtures.petshop()
        let input = try Fixtures.tensor("petshop-reference/cat.input.npy")
        let table = AlgorithmTable(budget: .seconds(600), isHasty: true)
        let session = try InferenceSession(graph: graph, algorithms: .measured(table))
        // Each question finds the session measuring, and is answered all the same.
        var answers: [Tensor] = []
        for _ in 0..<20 { answers.append(try await session.perform { try $0.forward([input]).output() }) }
        await session.untilMeasured()
        answers.append(try await session.perform { try $0.forward([input]).output() })
        #expect(answers.allSatisfy { $0.relativeError(to: answers[0]) < 1e-4 })
        #expect(table.count > 3)
    }

    @Test func whatWasMeasuredIsRemembered() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "state/kernel-speeds.json")
            let first = self.table(file)
            try await runNetwork(first)
            let written = try Data(contentsOf: file)
            #expect(first.count > 3)

            let log = Log()
            let second = self.table(file, log)
            #expect(second.count == first.count)
            try await runNetwork(second)
            #expect(second.count == first.count)
            #expect(try Data(contentsOf: file) == written)
            #expect(log.lines.isEmpty)
        }
    }

    @Test(arguments: ["", "{", "[]", "{\"version\":1}", "\u{0}\u{1}"])
    func aDamagedFileIsReplaced(_ content: String) async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "kernel-speeds.json")
            try Data(content.utf8).write(to: file)
            let log = Log()
            let table = self.table(file, log)
            #expect(table.count == 0)
            #expect(log.lines.count == 1)
            try await runNetwork(table)
            #expect(self.table(file).count == table.count)
        }
    }

    @Test func whatAnotherMachineMeasuredDoesNotCount() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "kernel-speeds.json")
            try await runNetwork(self.table(file))
            var content = try self.content(of: file)
            content["machine"] = "another processor"
            try write(content, to: file)
            let log = Log()
            #expect(self.table(file, log).count == 0)
            #expect(log.lines.count == 1)
        }
    }

    @Test func algorithmsThatDoNotExistHereAreMeasuredAnew() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "kernel-speeds.json")
            try await runNetwork(self.table(file))
            var content = try self.content(of: file)
            let algorithms = try #require(content["algorithms"] as? [String: String])
            content["algorithms"] = algorithms.mapValues { _ in "winograd/channelsLast/2/turned" }
            try write(content, to: file)
            try await runNetwork(self.table(file))
        }
    }

    @Test func whereNothingCanBeWrittenItIsKeptInMemory() async throws {
        let log = Log()
        let table = AlgorithmTable(file: URL(filePath: "/proc/nowhere/kernel-speeds.json"), log: log.add)
        try await runNetwork(table)
        #expect(table.count > 3)
        #expect(log.lines.count == 1)
    }

    /// A small network whose convolutions leave something to choose.
    @discardableResult private func runNetwork(_ table: AlgorithmTable) async throws -> InferenceSession {
        let name = "inception_branches"
        let graph = try Fixtures.graph(name)
        let meta = try Fixtures.meta(name)
        let input = try #require(meta.inputs[graph.name(of: graph.inputs[0].value)])
        let session = try InferenceSession(graph: graph, threads: 1, algorithms: .measured(table))
        let tensor = try Fixtures.tensor("networks/\(name)/\(input)")
        let output = try await session.perform { try $0.forward([tensor]).output() }
        let file = try #require(meta.outputs[graph.name(of: graph.outputs[0])])
        #expect(output.relativeError(to: try Fixtures.tensor("networks/\(name)/\(file)")) < meta.tolerance)
        return session
    }

    /// With time enough that a busy machine leaves no question open.
    private func table(_ file: URL, _ log: Log = Log()) -> AlgorithmTable {
        AlgorithmTable(file: file, budget: .seconds(600), log: log.add)
    }

    /// What is remembered in the file.
    private func content(of file: URL) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    }

    private func write(_ content: [String: Any], to file: URL) throws {
        try JSONSerialization.data(withJSONObject: content).write(to: file)
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "algorithms-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }
}

/// Lines that were logged.
private final class Log: @unchecked Sendable {
    private let lock = NSLock()
    private var collected: [String] = []

    var lines: [String] { lock.withLock { collected } }

    @Sendable func add(_ line: String) { lock.withLock { collected.append(line) } }
}
