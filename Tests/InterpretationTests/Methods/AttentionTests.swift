import Execution
import Foundation
import Interpretation
import Networks
import ONNXImport
import Tensors
import Testing

/// Layers that are no planes [N,C,h,w]. Expected: pytorch-grad-cam with a `reshape_transform`, and attention rollout and
/// transformer attribution in a few lines of PyTorch; see Conformance/attention_fixtures.py.
@Suite("Maps of tokens, windows and channels last") struct AttentionTests {
    private static let folder = Fixtures.package.appending(path: "Tests/Fixtures/attention")

    private func subject(_ name: String) throws -> (network: Network, input: Tensor) {
        let graph = try ONNXModel.load(contentsOf: Self.folder.appending(path: "\(name).onnx"))
        let input = try Tensor(npy: Data(contentsOf: Self.folder.appending(path: "\(name).x.npy")))
        return (try Network(graph: graph), input)
    }

    private func map(_ network: Network, _ input: Tensor, _ method: String) async throws -> Tensor {
        let question = Question(network: network, input: input)
        let method = try Methods.named(method)
        return try await network.session.perform { (evaluator) throws(InterpretationError) in
            try await method.explain(question, on: evaluator)
        }.map
    }

    @Test(
        "the map is the reference's",
        arguments: [
            ("vit", "grad-cam"), ("vit", "attention-rollout"), ("vit", "transformer-attribution"),
            ("vit-pooled", "grad-cam"), ("vit-pooled", "attention-rollout"), ("vit-pooled", "transformer-attribution"),
            ("swin", "grad-cam"), ("convnext", "grad-cam"),
        ])
    func reference(name: String, method: String) async throws {
        let (network, input) = try subject(name)
        let got = try await map(network, input, method)
        let expected = try Tensor(npy: Data(contentsOf: Self.folder.appending(path: "\(name).\(method).npy")))
        #expect(got.shape == expected.shape)
        let scale = expected.values.map(abs).max() ?? 0
        #expect(scale > 0)
        let difference = zip(got.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference <= 1e-3 * scale)
    }

    @Test("attention within windows, and none at all, is refused in words", arguments: ["swin", "convnext"])
    func refusal(name: String) throws {
        let (network, _) = try subject(name)
        for method in [AttentionRollout() as any InterpretationMethod, TransformerAttribution()] {
            #expect(method.obstacle(for: network)?.contains("attention") == true)
        }
    }

    @Test("a layer that shows no rows and columns is refused, not misread")
    func unplacedLayer() async throws {
        let (network, input) = try subject("vit")
        let scores = try #require(network.classifier?.scores)
        let name = network.graph.name(of: scores)
        let question = Question(network: network, input: input, parameters: ["layer": .text(name)])
        await #expect(throws: InterpretationError.self) {
            try await network.session.perform { (evaluator) throws(InterpretationError) in
                try await GradCAM().explain(question, on: evaluator)
            }
        }
    }
}
