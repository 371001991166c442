import Foundation
import Interpretation
import Networks
import Photos
import Tensors

/// What should be known of a network before its explanations are believed, as far as it takes no photo to know it.
extension LoadedModel {
    var facts: [String] {
        [preprocessingFact, activationMapFact, receptiveFieldFact, balanceFact, calibrationFact].compactMap { $0 }
    }

    private var preprocessingFact: String? {
        guard let configuration = preprocessor?.configuration, let source = preprocessingSource else {
            return "photos cannot be read: no file says how they become input"
        }
        func list(_ numbers: [some BinaryFloatingPoint]) -> String {
            numbers.map { "\(Double($0).rounded(toPlaces: 4))" }.joined(separator: ", ")
        }
        let size = configuration.fixedSize.map { "\($0.width)×\($0.height) pixels" } ?? "a size of their own"
        let normal = configuration.normalization.map {
            "less \(list($0.mean)), divided by \(list($0.standardDeviation))"
        }
        let scaled = "times \(Double(configuration.rescaleFactor).rounded(toPlaces: 6))"
        return
            "photos become \(size), values \(([scaled] + [normal].compactMap { $0 }).joined(separator: ", ")), since \(source) "
            + "says so; nothing tells whether the network was trained that way"
    }

    private var activationMapFact: String? {
        guard task == .classification else { return nil }
        guard let head = network.classifier?.classActivation else {
            return "class activation maps cannot be read: the head is not global average pooling and one linear layer"
        }
        return "class activation maps are read from \(network.graph.name(of: head.features))"
    }

    /// Of the layer that maps are read from.
    private var receptiveFieldFact: String? {
        guard let features = network.classifier?.classActivation?.features, exampleInput.rank == 4,
            network.graph.inputs.count == 1, let layers = try? network.graph.layers(for: [network.image: exampleInput]),
            let layer = layers.first(where: { $0.value == features })
        else { return nil }
        let (height, width) = (exampleInput[2], exampleInput[3])
        guard case .window(let size, _, _)? = layer.receptiveField, let side = size.max() else {
            return "a place of that layer can depend on the whole input of \(width)×\(height) pixels"
        }
        return side >= max(width, height)
            ? "a place of that layer sees \(side)×\(side) pixels, more than the input of \(width)×\(height): evidence can lie "
                + "elsewhere than the map shows"
            : "a place of that layer sees \(side)×\(side) pixels of the input's \(width)×\(height)"
    }

    /// What the head says before it has seen anything.
    private var balanceFact: String? {
        guard task == .classification, kind == .exclusive, let bias = headBias, bias.count == labels.count else {
            return nil
        }
        let shares = softmax(bias)
        let order = shares.indices.sorted { shares[$0] > shares[$1] }
        func said(_ index: Int) -> String {
            "\(label(of: index)) \(Double(shares[index] * 100).rounded(toPlaces: 1)) %"
        }
        guard let first = order.first, let last = order.last else { return nil }
        let shown =
            labels.count <= 5
            ? order.map(said).joined(separator: ", ") : "\(said(first)) at most, \(said(last)) at least"
        return "the head's bias alone would say \(shown)"
    }

    /// The summands of the last linear layer [classes]; nil where there is none to be found.
    private var headBias: [Float]? {
        guard var value = network.classifier?.scores else { return nil }
        let graph = network.graph
        let producers = graph.producers()
        // Past what calibration and reshapes have put behind it.
        for _ in 0..<8 {
            guard let node = producers[value] else { return nil }
            if case .fullyConnected = node.operation {
                guard let bias = node.input(2), let tensor = graph.constants[bias]?.tensor else { return nil }
                return tensor.values
            }
            guard let before = node.input(0) else { return nil }
            value = before
        }
        return nil
    }

    private var calibrationFact: String? {
        guard task == .classification, kind.hasProbabilities else { return nil }
        return calibrationRemark
            ?? "nobody has measured whether its probabilities mean what they say; 'interpretctl calibrate \(name)' does"
    }
}
