package import Foundation
import Socket
import WireProtocol

extension FakeDaemon {
    package static let sheet = Data([0xFF, 0xD8, 0xFF, 0xE0, 3])
    private static let layer = "/features/features.9/Relu_output_0"

    static func project(_ parameters: ProjectParameters) throws(RPCError) -> ProjectResult {
        if case .path(let path) = parameters.source, path != photo {
            throw RPCError.unreadable(
                photo: path, reason: RPCError.permissionDenied, message: "the daemon may not read \(path)")
        }
        guard parameters.layer == "/features/features.9/Relu" else {
            throw RPCError(.noSuchLayer, "the network has no layer '\(parameters.layer)'")
        }
        var seen: Sidecar.Photo? = .init(file: "cat.jpg", width: 451, height: 300, sha256: "07c5")
        switch parameters.source {
        case .tensor, .passedTensor: seen = nil
        default: break
        }
        let units = parameters.unit.map { [$0] } ?? Array(0..<(parameters.count ?? 9))
        return ProjectResult(
            photo: seen, model: .init(name: "petshop", sha256: "729c"), layer: layer, shape: [1, 128, 28, 28],
            units: units.map { unit in
                ProjectResult.Unit(
                    unit: unit, value: 3.25, position: [12, 7],
                    inputWindow: BoundingBox(x: 30, y: 70, width: 53, height: 53),
                    bbox: BoundingBox(x: 60, y: 94, width: 107, height: 71),
                    reconstruction: parameters.raw == true
                        ? TensorPayload(shape: [1, 1, 2], npy: npy(shape: [1, 1, 2], values: [0.5, Float(unit)])) : nil)
            }, rule: parameters.rule ?? .deconvnet, caveat: "FAILS the randomization check of Adebayo et al. 2018",
            image: parameters.images == true ? sheet : nil)
    }

    static func visualize(
        _ parameters: VisualizeParameters, _ context: RequestContext
    ) throws(RPCError) -> VisualizeResult {
        guard parameters.layer == nil || parameters.units != nil else {
            throw RPCError(.invalidParameters, "visualize: give 'classes', 'allClasses', or 'layer' with 'units'")
        }
        let labels = parameters.allClasses == true ? ["cat", "dog", "other"] : parameters.classLabels ?? []
        if let unknown = labels.first(where: { !["cat", "dog", "other"].contains($0) }) {
            throw RPCError(.noSuchClass, "model 'petshop' knows no class '\(unknown)'; it knows cat, dog, other")
        }
        context.progress(fraction: 0.5, message: "cat")
        let start = VisualizeResult.Start(
            objective: [1.5, 2.5, 3.5], activation: 4.75, finalObjective: 4.25, probability: 0.998, contrast: 2.5,
            raw: parameters.raw == true
                ? TensorPayload(shape: [3, 8, 8], npy: npy(shape: [3, 8, 8], values: Array(repeating: 0, count: 192)))
                : nil, image: parameters.images == true ? sheet : nil)
        let isRegularized = parameters.regularized == true
        return VisualizeResult(
            model: .init(name: "petshop", sha256: "729c"),
            shape: [3, parameters.height ?? 224, parameters.width ?? 224],
            settings: .init(
                steps: parameters.steps ?? 60, lambda: parameters.lambda ?? 1e-4, seed: parameters.seed ?? 0, starts: 1,
                noise: 0.01, diversity: 0, jitter: 0, rotate: 0, scale: 0, blur: 0, totalVariation: 0,
                fourier: isRegularized, optimizer: isRegularized ? .adam : .gradient),
            targets: labels.map { VisualizeResult.Target(classLabel: $0, rate: 157.5, starts: [start]) }
                + (parameters.units ?? []).map {
                    VisualizeResult.Target(layer: layer, unit: $0, rate: 157.5, starts: [start])
                }, sheet: parameters.images == true ? sheet : nil, seconds: 1.5)
    }
}
