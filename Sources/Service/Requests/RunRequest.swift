import Execution
import Files
import Foundation
import Interpretation
import Networks
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `run`: a plain forward pass, and for networks that draw, their pictures.
struct RunRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders

    func run(_ parameters: RunParameters, _ context: RequestContext) async throws -> RunResult {
        let model = try models.requested(parameters.model)
        let graph = model.network.graph
        let inputs = try await inputs(parameters, model, context)
        let range = try parameters.range.map(ValueRange.init)
        guard range == nil || parameters.image == true else {
            throw RPCError(.badParameter, "'range' says how values become a picture; ask for one with 'image'")
        }
        let outputs = try await model.network.session.perform { (evaluator) throws(any Error) in
            let pass = try evaluator.forward(inputs)
            return try graph.outputs.map { (value: $0, tensor: try pass.value($0)) }
        }
        var result = RunResult(outputs: [:])
        for output in outputs {
            let name = graph.name(of: output.value)
            do {
                result.outputs[name] = try output.tensor.npyData(of: graph.element(of: output.value))
            } catch {
                throw RPCError(.badParameter, "output '\(name)': \(error)")
            }
        }
        if parameters.input == true { result.input = inputs.first.map { model.inputLayout.own($0).npyData() } }
        if parameters.image == true, let first = outputs.first {
            guard let range = range ?? ValueRange(of: first.value, in: graph) else {
                throw RPCError(
                    .badParameter,
                    "the network does not end in tanh or sigmoid, so its values have no known range; "
                        + "say which values are black and white with --range, for example --range -1,1")
            }
            result.image = try JPEGEncoder.encode(try GeneratedPictures.sheet(of: first.tensor, range), quality: 95)
        }
        return result
    }

    private func inputs(
        _ parameters: RunParameters, _ model: LoadedModel, _ context: RequestContext
    ) async throws -> [Tensor] {
        let graph = model.network.graph
        var given = try (parameters.inputs ?? [:]).mapValues { try Tensor(numbers: $0) }
        if let source = parameters.photoSource {
            guard parameters.sources.count == 1, given.isEmpty, graph.inputs.count == 1 else {
                throw RPCError(
                    .badParameter, "this network has \(graph.inputs.count) inputs; give each under its name in 'inputs'"
                )
            }
            given[graph.name(of: graph.inputs[0].value)] = try await input(source, model, context)
        }
        let names = graph.inputs.map { graph.name(of: $0.value) }
        if let unknown = given.keys.filter({ !names.contains($0) }).min() {
            throw RPCError(.badParameter, "there is no input '\(unknown)'; there are \(names.joined(separator: ", "))")
        }
        if let image = given[names[0]] { given[names[0]] = model.planes(image) }
        return try names.map { name in
            guard let tensor = given[name] else { throw RPCError(.badParameter, "input '\(name)' is missing") }
            return tensor
        }
    }

    private func input(
        _ source: PhotoSource, _ model: LoadedModel, _ context: RequestContext
    ) async throws -> Tensor {
        switch try await RequestedInput(reading: source, in: permitted, passed: context.passed) {
        case .tensor(let tensor): return tensor
        case .photo(let photo): return try PreparedPhoto(photo, for: model).input.tensor
        }
    }
}
