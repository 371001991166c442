import Execution
import Foundation
import Networks
import ONNXImport
import Tensors

/// Reference networks and values in `Tests/Fixtures`.
enum Fixtures {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    /// Small networks made by `Conformance/make_network_fixtures.py` with PyTorch's values beside them.
    static let networks: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "networks").path)) ?? []
        return names.filter { (try? meta($0)) != nil }.sorted()
    }()

    /// What the script noted about a network.
    struct Meta: Decodable {
        let stage: String
        /// Input and output name to file.
        let inputs: [String: String]
        let outputs: [String: String]
        /// The score that was differentiated; of an image, the sum of its plane.
        let `class`: Int
        /// Of differences, relative to the reference's largest magnitude.
        let tolerance: Float
    }

    static func meta(_ name: String) throws -> Meta {
        try JSONDecoder().decode(
            Meta.self, from: Data(contentsOf: root.appending(path: "networks/\(name)/meta.json")))
    }

    static func tensor(_ path: String) throws -> Tensor {
        try Tensor(npy: Data(contentsOf: root.appending(path: path)))
    }

    static func graph(_ name: String) throws -> Graph {
        try ONNXModel.load(contentsOf: root.appending(path: "networks/\(name)/model.onnx"))
    }

    static func petshop() throws -> Graph {
        try ONNXModel.load(contentsOf: root.appending(path: "first-edition/petshop/model.onnx"))
    }
}

extension Tensor {
    /// Largest absolute value; 0 for an empty tensor.
    var magnitude: Float { withUnsafeValues { $0.reduce(0) { max($0, abs($1)) } } }

    /// Largest difference to `reference`, relative to the reference's largest magnitude.
    func relativeError(to reference: Tensor) -> Float {
        guard count == reference.count else { return .infinity }
        var worst: Float = 0
        for (x, y) in zip(values, reference.values) {
            let difference = abs(x - y)
            guard difference.isFinite else { return .infinity }
            worst = max(worst, difference)
        }
        return worst / max(reference.magnitude, .leastNormalMagnitude)
    }

    /// [N,C,…], all zero but for the values of one class of the first item, which are 1.
    static func oneClass(_ shape: Shape, _ index: Int) throws -> Tensor {
        let inner = shape.dimensions.dropFirst(2).reduce(1, *)
        return try Tensor(
            shape: shape, values: (0..<shape.count).map { $0 / inner == index ? 1 : 0 })
    }

    /// All zero but for a 1 at `index`.
    static func oneHot(_ shape: Shape, at index: Int) -> Tensor {
        var tensor = Tensor(shape: shape)
        tensor[index] = 1
        return tensor
    }
}
