import Evaluation
import Execution
import Foundation
import Interpretation
import Networks
import ONNXImport
import Tensors

/// What other programs say of the same maps and scores: `Tests/Fixtures/measures`, made by
/// `Conformance/make_measure_fixtures.py`.
struct Expected: Decodable {
    struct Rise: Decodable {
        let blurKernel: [Float]
        let deletion: [Double]
        let deletionArea: Double
        let insertion: [Double]
        let insertionArea: Double
    }

    struct Road: Decodable {
        let most: [Double]
        let least: [Double]
    }

    struct Drop: Decodable {
        let before: Double
        let after: Double
        let drop: Double
    }

    struct Infidelity: Decodable {
        let plain: Double
        let normalized: Double
        let foretold: [Double]
        let happened: [Double]
    }

    struct Boxes: Decodable {
        let box: [Double]
        let any: [Double]
        let largest: [Double]
    }

    struct Calibration: Decodable {
        let scores: [[Float]]
        let truth: [Int]
        let errorBefore: Double
        let errorAfter: Double
        let temperature: Double
        let scale: [Double]
        let shift: [Double]
        let platt: [Double]
        let loss: Double
    }

    let `class`: Int
    let spearman: Double
    let ssim: Double
    let gini: Double
    let sensitivity: Double
    let pxap: Double
    let rise: Rise
    let pixelFlipping: [Double]
    let road: Road
    let drop: Drop
    let infidelity: Infidelity
    let boxes: Boxes
    let calibration: Calibration

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures")

    static func load() throws -> Expected {
        try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: folder.appending(path: "measures/expected.json")))
    }

    /// `map`, `other` or `attribution`.
    static func tensor(_ name: String) throws -> Tensor {
        try Tensor(npy: Data(contentsOf: folder.appending(path: "measures/\(name).npy")))
    }

    /// Petshop's first edition, and the photo of a cat.
    static func petshop() throws -> (network: Network, image: Tensor) {
        let file = folder.appending(path: "first-edition/petshop/model.onnx")
        return (
            try Network(graph: ONNXModel.load(contentsOf: file), threads: 2),
            try Tensor(npy: Data(contentsOf: folder.appending(path: "methods/petshop.input.npy")))
        )
    }
}

/// The mean of an image's values: a network that can be computed by hand.
struct MeanScoring: ImageScoring {
    let count: Int

    func numbers(
        _ images: Int, write: (Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) async throws(InterpretationError) -> [Double] {
        var numbers: [Double] = []
        let image = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { image.deallocate() }
        for index in 0..<images {
            // What was there before is somebody else's.
            image.initialize(repeating: .nan)
            write(index, image)
            numbers.append(Double(image.reduce(0, +)) / Double(count))
        }
        return numbers
    }
}

func isClose(_ a: [Double], _ b: [Double], within tolerance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}
