import Execution
import Foundation
import Interpretation
import Localization
import ONNXImport
import Tensors
import Testing

@Suite("Evidence of a box")
struct EvidenceTests {
    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func petshop() throws -> (network: Network, input: Tensor) {
        let graph = try ONNXModel.load(contentsOf: package.appending(path: "Models/petshop/model.onnx"))
        let input = try Data(contentsOf: package.appending(path: "Tests/Fixtures/petshop-reference/cat.input.npy"))
        return (try Network(graph: graph, threads: 2), try Tensor(npy: input))
    }

    static func evidence(_ box: PixelBox) async throws -> Evidence {
        let (network, input) = try petshop()
        return try await network.session.perform { evaluator in
            try Evidence.measure(network, input: input, classIndex: 0, box: box, on: evaluator)
        }
    }

    @Test("the probability is the network's own, and a box of the whole image hides all of it")
    func wholeImage() async throws {
        let (network, input) = try Self.petshop()
        let evidence = try await Self.evidence(PixelBox(x: 0, y: 0, width: input.shape[3], height: input.shape[2]))
        let blank = Tensor(shape: input.shape)
        let (whole, none) = try await network.session.perform { evaluator in
            (
                try ClassificationPass(network, input, on: evaluator).probabilities?[0] ?? .nan,
                try ClassificationPass(network, blank, on: evaluator).probabilities?[0] ?? .nan
            )
        }
        #expect(abs(evidence.probability - Double(whole)) < 1e-5)
        #expect(abs(evidence.onlyBox - Double(whole)) < 1e-5)
        #expect(abs(evidence.boxHidden - Double(none)) < 1e-5)
        // There is no elsewhere.
        #expect(evidence.elsewhereHidden == evidence.probability)
    }

    @Test("a corner without the animal does not decide")
    func corner() async throws {
        let evidence = try await Self.evidence(PixelBox(x: 0, y: 0, width: 12, height: 12))
        #expect(evidence.verdict == .decidesElsewhere)
        #expect(abs(evidence.boxHidden - evidence.probability) < 0.1)
    }

    @Test("the same box has the same evidence")
    func determinism() async throws {
        let box = PixelBox(x: 30, y: 20, width: 90, height: 100)
        #expect(try await Self.evidence(box) == Self.evidence(box))
    }

    @Test(
        "boxes that are not in the image are refused",
        arguments: [
            PixelBox(x: -1, y: 0, width: 5, height: 5), PixelBox(x: 0, y: 0, width: 0, height: 5),
            PixelBox(x: 0, y: 0, width: 4000, height: 5), PixelBox(x: .max, y: 0, width: 5, height: 5),
        ])
    func badBox(box: PixelBox) async throws {
        await #expect(throws: LocalizationError.self) { _ = try await Self.evidence(box) }
    }

    @Test("verdicts follow the documented thresholds")
    func verdicts() {
        func verdict(_ box: Double, _ elsewhere: Double, _ only: Double) -> Evidence.Verdict {
            Evidence(probability: 0.9, boxHidden: box, elsewhereHidden: elsewhere, onlyBox: only).verdict
        }
        #expect(verdict(0.08, 0.9, 0.9) == .decidesOnBox)
        #expect(verdict(0.44, 0.7, 0.2) == .decidesOnBox)
        #expect(verdict(0.3, 0.3, 0.9) == .decidesElsewhere)
        #expect(verdict(0.9, 0.9, 0.1) == .decidesElsewhere)
        #expect(verdict(0.9, 0.9, 0.9) == .decidesPartly)
        #expect(verdict(0.6, 0.9, 0.9) == .decidesPartly)
        #expect(Evidence(probability: 0, boxHidden: 0, elsewhereHidden: 0, onlyBox: 0).verdict == .decidesPartly)
    }

    @Test("the sentence is one that people can read")
    func sentence() {
        let evidence = Evidence(probability: 0.993, boxHidden: 0.08, elsewhereHidden: 0.99, onlyBox: 0.98)
        #expect(
            evidence.sentence(label: "dog") == "Hiding the box: dog 99 % → 8 %. Hiding as much elsewhere: 99 %.")
    }
}
