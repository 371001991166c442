import Execution
import Foundation
import Interpretation
import Networks
import Tensors
import WireProtocol

extension LoadedModel {
    /// What `models` says of it.
    func description(isDefault: Bool, withLayers: Bool, checks: MethodChecks) async throws -> ModelDescription {
        let graph = network.graph
        let input = graph.inputs[0]
        let head = network.classifier?.classActivation
        return ModelDescription(
            name: name, path: folder.path, sha256: sha256, isDefault: isDefault, labels: labels,
            backgroundLabels: backgroundLabels.sorted(),
            animalLabels: animalClasses.isEmpty ? nil : animalClasses.sorted().map(label),
            doubtBelow: doubtBelow?.rounded(toPlaces: 6),
            input: ModelDescription.Input(name: graph.name(of: input.value), shape: inputLayout.own(input.extents)),
            task: task.rawValue,
            outputs: network.outputs.map { ModelDescription.Output(name: $0.name, shape: $0.shape?.dimensions) },
            scores: task == .classification ? network.classifier.map(scores) : nil, remarks: remarks, facts: facts,
            checks: checks.verdicts(on: self),
            parameters: graph.parameterCount, planBytes: try? await planBytes(),
            camLayer: head.map { graph.name(of: $0.features) },
            methods: task != .classification ? [] : Methods.applicable(to: network).map(\.card.name),
            layers: withLayers ? try? layers() : nil)
    }

    private func scores(_ classifier: Classifier) -> ModelDescription.Scores {
        ModelDescription.Scores(
            kind: classifier.kind.rawValue, reason: classifier.reason, isAssumed: classifier.isAssumed,
            output: network.graph.name(of: classifier.output),
            thresholds: thresholds.isEmpty ? nil : thresholds.map { Double($0).rounded(toPlaces: 6) })
    }

    private func planBytes() async throws -> ModelDescription.PlanBytes {
        let shapes = try exampleShapes()
        let derivatives = (network.classifier?.scores ?? network.graph.outputs.first).map {
            [Derivative(of: $0, withRespectTo: [network.image])]
        }
        return try await network.session.perform { (evaluator) throws(ExecutionError) in
            ModelDescription.PlanBytes(
                forward: try evaluator.estimatedPlanBytes(inputShapes: shapes),
                gradient: try? evaluator.estimatedPlanBytes(inputShapes: shapes, derivatives: derivatives ?? []))
        }
    }

    private func layers() throws -> [ModelDescription.Layer] {
        let graph = network.graph
        let shapes = Dictionary(
            zip(graph.inputs.map(\.value), try exampleShapes()), uniquingKeysWith: { first, _ in first })
        let camLayer = network.classifier?.classActivation.map { graph.name(of: $0.features) }
        let added = network.classifier?.added ?? []
        return try graph.layers(for: shapes).filter { !added.contains($0.value) }.map { layer in
            var side: Int?
            if case .window(let size, _, _)? = layer.receptiveField { side = size.max() }
            return ModelDescription.Layer(
                name: layer.name, operator: layer.operatorName, shape: layer.shape.dimensions, receptiveField: side,
                isCAMLayer: layer.name == camLayer)
        }
    }

    /// One shape an input: the photo's for the first, what the file declares for the others.
    private func exampleShapes() throws -> [Shape] {
        try network.graph.inputs.enumerated().map { index, input in
            index == 0 ? exampleInput : try Shape(input.extents.map { $0 ?? 1 })
        }
    }
}
