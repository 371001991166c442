import Execution
import Foundation
import Interpretation
import ONNXImport
import Tensors
import Testing

/// Networks, inputs and other programs' answers in `Tests/Fixtures/methods`, made by
/// `Conformance/make_method_fixtures.py`.
enum Fixtures {
    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder = package.appending(path: "Tests/Fixtures/methods")

    struct Catalog: Decodable {
        /// Attributions are kept at every `step`th row and column from `offset` on.
        let step: Int
        let offset: Int
        let cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let network: String
        let method: String
        let `class`: Int
        let against: Int?
        let probability: Bool?
        let parameters: [String: Value]?
        let attribution: String?
        let map: String?
        /// The map is kept at every such row and column.
        let mapStep: Int?
        /// Of differences, relative to the reference's largest magnitude.
        let tolerance: Float

        var testDescription: String { name }
    }

    enum Value: Decodable, Sendable {
        case number(Double)
        case text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        var parameter: ParameterValue {
            switch self {
            case .number(let number): .number(number)
            case .text(let text): .text(text)
            }
        }
    }

    static let catalog: Catalog? = try? JSONDecoder().decode(
        Catalog.self, from: Data(contentsOf: folder.appending(path: "cases.json")))

    static func tensor(_ file: String) throws -> Tensor {
        try Tensor(npy: Data(contentsOf: folder.appending(path: file)))
    }

    static func network(_ name: String) throws -> Network {
        let file =
            name == "petshop"
            ? package.appending(path: "Tests/Fixtures/first-edition/petshop/model.onnx")
            : folder.appending(path: "\(name).onnx")
        return try Network(graph: ONNXModel.load(contentsOf: file), threads: 2)
    }

    /// Petshop with the photo of a cat, 96 by 80.
    static func petshop() throws -> (network: Network, input: Tensor) {
        (try network("petshop"), try tensor("petshop.input.npy"))
    }
}

extension Network {
    /// The answer of method `name` to a question about `input`.
    func explain(
        _ name: String, _ input: Tensor, classIndex: Int? = nil, against: Int? = nil, isProbability: Bool = false,
        _ parameters: [String: ParameterValue] = [:], memoryBudget: Int = 256 << 20,
        progress: (@Sendable (Double) -> Void)? = nil
    ) async throws -> Explanation {
        let method = try Methods.named(name)
        let question = Question(
            network: self, input: input, classIndex: classIndex, against: against, isProbability: isProbability,
            parameters: parameters,
            normalization: .init(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]),
            memoryBudget: memoryBudget, progress: progress)
        return try await session.perform { evaluator in try await method.explain(question, on: evaluator) }
    }
}

extension Tensor {
    /// Largest absolute value; 0 for an empty tensor.
    var magnitude: Float { withUnsafeValues { $0.reduce(0) { max($0, abs($1)) } } }

    /// Whether it holds neither infinities nor NaN.
    var isFinite: Bool { withUnsafeValues { values in values.allSatisfy { $0.isFinite } } }

    /// Largest difference to `reference`, relative to the reference's largest magnitude.
    func relativeError(to reference: Tensor) -> Float {
        guard shape == reference.shape else { return .infinity }
        var worst: Float = 0
        for (x, y) in zip(values, reference.values) {
            let difference = abs(x - y)
            guard difference.isFinite else { return .infinity }
            worst = max(worst, difference)
        }
        return worst / max(reference.magnitude, .leastNormalMagnitude)
    }

    /// Every `step`th row and column from `offset` on of the last two axes.
    func thinned(step: Int, offset: Int) throws -> Tensor {
        let extents = shape.dimensions
        let (height, width) = (extents[extents.count - 2], extents[extents.count - 1])
        let rows = Array(stride(from: offset, to: height, by: step))
        let columns = Array(stride(from: offset, to: width, by: step))
        var kept: [Float] = []
        for plane in 0..<count / (height * width) {
            for y in rows { for x in columns { kept.append(self[(plane * height + y) * width + x]) } }
        }
        return try Tensor(
            shape: Shape(Array(extents.dropLast(2)) + [rows.count, columns.count]), values: kept)
    }
}
