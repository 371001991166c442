import Execution
import Foundation
import Networks
import Tensors
import Testing

@Suite struct ReferenceTests {
    /// Outputs and input gradients of PyTorch in double precision, by `Conformance/make_network_fixtures.py`.
    @Test(arguments: Fixtures.networks)
    func networkAgreesWithPyTorch(name: String) async throws {
        let graph = try Fixtures.graph(name)
        let meta = try Fixtures.meta(name)
        let inputs = try graph.inputs.map { input in
            let file = try #require(meta.inputs[graph.name(of: input.value)])
            return try Fixtures.tensor("networks/\(name)/\(file)")
        }
        let session = try InferenceSession(graph: graph)
        let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
        let (outputs, gradient) = try await session.perform { evaluator in
            let pass = try evaluator.forward(inputs, derivatives: [derivative])
            let outputs = try graph.outputs.map { try pass.value($0) }
            let seed = try Tensor.oneClass(outputs[0].shape, meta.class)
            return (outputs, try pass.derivative(seed: seed)[0])
        }
        for (value, output) in zip(graph.outputs, outputs) {
            let file = try #require(meta.outputs[graph.name(of: value)])
            let expected = try Fixtures.tensor("networks/\(name)/\(file)")
            #expect(output.shape == expected.shape)
            #expect(output.relativeError(to: expected) < meta.tolerance)
        }
        let actual = try #require(gradient)
        #expect(actual.relativeError(to: try Fixtures.tensor("networks/\(name)/gradient.npy")) < meta.tolerance)
    }

    /// `Tests/Fixtures/petshop-reference`: PyTorch's scores and gradient, three photos, one of them not square.
    @Test(arguments: [("cat", 0), ("dog", 1), ("wide", 0)])
    func petshopAgreesWithPyTorch(name: String, label: Int) async throws {
        let graph = try Fixtures.petshop()
        let input = try Fixtures.tensor("petshop-reference/\(name).input.npy")
        let session = try InferenceSession(graph: graph)
        let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
        let (scores, gradient) = try await session.perform { evaluator in
            let pass = try evaluator.forward([input], derivatives: [derivative])
            let scores = try pass.output()
            return (scores, try pass.derivative(seed: .oneHot(scores.shape, at: label))[0])
        }
        let expected = try Fixtures.tensor("petshop-reference/\(name).scores.npy")
        for (x, y) in zip(scores.values, expected.values) { #expect(abs(x - y) < 1e-4) }
        let actual = try #require(gradient)
        #expect(actual.relativeError(to: try Fixtures.tensor("petshop-reference/\(name).gradient.npy")) < 1e-4)
    }
}
