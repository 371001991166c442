import Execution
import Foundation
import Interpretation
import Networks
import Photos
import Tensors
import WireProtocol

/// Answers `run`: a plain forward pass, and for networks that draw, their pictures.
struct RunRequest: Sendable {
    let models: ModelStore

    func run(_ parameters: RunParameters) async throws -> RunResult {
        let model = try models.requested(parameters.model)
        let graph = model.network.graph
        let inputs = try inputs(parameters, graph)
        let range = try parameters.range.map(ValueRange.init)
        guard range == nil || parameters.image == true else {
            throw RPCError(.badParameter, "'range' says how values become a picture; ask for one with 'image'")
        }
        let outputs = try await model.network.session.perform { (evaluator) throws(any Error) in
            let pass = try evaluator.forward(inputs)
            return try graph.outputs.map { (value: $0, tensor: try pass.value($0)) }
        }
        var result = RunResult(
            outputs: Dictionary(
                outputs.map { (graph.name(of: $0.value), $0.tensor.npyData()) }, uniquingKeysWith: { first, _ in first }
            ))
        if parameters.image == true, let first = outputs.first {
            guard let range = range ?? ValueRange(of: first.value, in: graph) else {
                throw RPCError(
                    .badParameter,
                    "the network does not end in tanh or sigmoid, so its values have no known range; "
                        + "say which values are black and white with --range, for example --range -1,1")
            }
            result.image = try await FileWork.run {
                try JPEGEncoder.encode(try GeneratedPictures.sheet(of: first.tensor, range), quality: 95)
            }
        }
        return result
    }

    private func inputs(_ parameters: RunParameters, _ graph: Graph) throws -> [Tensor] {
        var given = parameters.inputs ?? [:]
        if let single = parameters.npy {
            guard given.isEmpty, graph.inputs.count == 1 else {
                throw RPCError(
                    .badParameter, "this network has \(graph.inputs.count) inputs; give each under its name in 'inputs'"
                )
            }
            given[graph.name(of: graph.inputs[0].value)] = single
        }
        let names = graph.inputs.map { graph.name(of: $0.value) }
        if let unknown = given.keys.filter({ !names.contains($0) }).min() {
            throw RPCError(.badParameter, "there is no input '\(unknown)'; there are \(names.joined(separator: ", "))")
        }
        return try names.map { name in
            guard let npy = given[name] else { throw RPCError(.badParameter, "input '\(name)' is missing") }
            return try Tensor(npy: npy)
        }
    }
}

/// Which values of a network's output are black and white.
struct ValueRange: Sendable, Hashable {
    let black: Float
    let white: Float

    /// - Parameter bounds: [black, white]; the first may be the larger one.
    init(_ bounds: [Double]) throws(RPCError) {
        guard bounds.count == 2, bounds.allSatisfy({ $0.isFinite && abs($0) <= 1e30 }), bounds[0] != bounds[1] else {
            throw RPCError(.badParameter, "'range' should be two different numbers: the values of black and of white")
        }
        (black, white) = (Float(bounds[0]), Float(bounds[1]))
    }

    /// The range of what makes the value: −1…1 of a tanh, 0…1 of a sigmoid; nil for anything else.
    init?(of value: ValueID, in graph: Graph) {
        switch graph.producers()[value]?.operation {
        case .activation(.tanh): (black, white) = (-1, 1)
        case .activation(.sigmoid): (black, white) = (0, 1)
        default: return nil
        }
    }

    func sample(_ value: Float) -> UInt8 {
        let share = (value - black) / (white - black)
        // Written so that NaN becomes black.
        return share > 0 ? UInt8(min(share, 1) * 255 + 0.5) : 0
    }
}

/// What a network that draws has drawn.
enum GeneratedPictures {
    private static let mostPictures = 1024

    /// One picture as it is; several in rows, as square as can be, with a gap between them.
    ///
    /// - Parameter tensor: [N,3,H,W] red, green, blue, or [N,1,H,W] grey.
    /// - Throws: `RPCError` for other shapes, `PhotoError` where the sheet would be too large.
    static func sheet(of tensor: Tensor, _ range: ValueRange) throws -> Bitmap {
        let extents = tensor.shape.dimensions
        guard extents.count == 4, extents[1] == 1 || extents[1] == 3, extents.allSatisfy({ $0 > 0 }),
            extents[0] <= mostPictures
        else {
            throw RPCError(
                .methodNotApplicable,
                "a picture needs an output [N,3,H,W] or [N,1,H,W] with up to \(mostPictures) pictures, this one is "
                    + "\(tensor.shape); write it as .npy")
        }
        let (count, height, width) = (extents[0], extents[2], extents[3])
        if count == 1 { return try picture(0, of: tensor, range) }
        let columns = Int(Double(count).squareRoot().rounded(.up))
        let rows = (count + columns - 1) / columns
        let gap = max(width / 32, 2)
        var canvas = Canvas(
            try Bitmap(
                width: columns * (width + gap) + gap, height: rows * (height + gap) + gap, color: .white))
        for index in 0..<count {
            canvas.paste(
                try picture(index, of: tensor, range), x: gap + index % columns * (width + gap),
                y: gap + index / columns * (height + gap))
        }
        return canvas.bitmap
    }

    private static func picture(_ item: Int, of tensor: Tensor, _ range: ValueRange) throws -> Bitmap {
        let extents = tensor.shape.dimensions
        let (channels, height, width) = (extents[1], extents[2], extents[3])
        let plane = height * width
        let pixels = tensor.withUnsafeValues { values in
            var pixels = [UInt8](repeating: 0, count: plane * 3)
            for channel in 0..<3 {
                let start = (item * channels + min(channel, channels - 1)) * plane
                for index in 0..<plane { pixels[index * 3 + channel] = range.sample(values[start + index]) }
            }
            return pixels
        }
        return try Bitmap(width: width, height: height, pixels: pixels)
    }
}
