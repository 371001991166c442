import Execution
import Networks
import Tensors

/// The attention matrices of one image, averaged over the heads as a method wants it.
struct AttentionReading {
    let pass: ClassificationPass
    let matrices: [AttentionMatrix]
    var tokens: Int { matrices[0].tokens }

    /// Why a network has no attention to read, nil where it has.
    static func obstacle(for network: Network) -> String? {
        let extents = network.graph.inputs[0].extents
        let usual = [1, 3, 224, 224]
        guard extents.count == 4, network.graph.nodes.contains(where: \.isSoftmax),
            let shape = try? Shape(extents.indices.map { extents[$0] ?? usual[$0] }),
            let roles = try? AxisRoles(network.graph, image: shape)
        else { return "it has no attention layers" }
        return reason(roles.attentionMatrices())
    }

    private static func reason(_ matrices: [AttentionMatrix]) -> String? {
        guard let first = matrices.first else {
            return
                "it has no attention layers whose tokens are all places of the image (attention within windows, or on "
                + "grids of several sizes, cannot be multiplied up)"
        }
        let isOneGrid = matrices.allSatisfy {
            ($0.tokens, $0.height, $0.width) == (first.tokens, first.height, first.width)
        }
        return isOneGrid ? nil : "its attention layers are on grids of several sizes"
    }

    /// - Parameter isDifferentiated: whether the scores are to be differentiated by the matrices.
    init(
        _ question: Question, method: String, on evaluator: Evaluator, isDifferentiated: Bool
    ) throws(InterpretationError) {
        do {
            matrices = try AxisRoles(question.network.graph, image: question.input.shape).attentionMatrices()
        } catch {
            throw .execution(.network(error))
        }
        if let reason = Self.reason(matrices) {
            throw .notApplicable(method: method, reason: reason, alternatives: ["gradient", "occlusion"])
        }
        let values = matrices.map(\.value)
        pass = try ClassificationPass(
            question.network, question.input, on: evaluator, keeping: values,
            derivatives: isDifferentiated ? [(values, .gradient)] : [])
    }

    /// The mean over the heads of `term` [T·T] of a matrix.
    func headMean(of index: Int, _ term: (Float, _ position: Int) -> Float) throws(InterpretationError) -> [Float] {
        let attention = try pass.activation(matrices[index].value)
        let (heads, area) = (matrices[index].heads, tokens * tokens)
        guard attention.count == heads * area else {
            throw .badParameter("an attention layer of one image was expected, got \(attention.shape)")
        }
        var mean = [Float](repeating: 0, count: area)
        attention.withUnsafeValues { values in
            for head in 0..<heads {
                for position in 0..<area {
                    mean[position] += term(values[head * area + position], head * area + position) / Float(heads)
                }
            }
        }
        return mean
    }

    /// The identity [T·T].
    var identity: [Float] {
        var result = [Float](repeating: 0, count: tokens * tokens)
        for token in 0..<tokens { result[token * tokens + token] = 1 }
        return result
    }

    /// a·b, both [T·T].
    func product(_ a: [Float], _ b: [Float]) -> [Float] {
        var result = [Float](repeating: 0, count: tokens * tokens)
        result.withUnsafeMutableBufferPointer { result in
            b.withUnsafeBufferPointer { b in
                for row in 0..<tokens {
                    for inner in 0..<tokens {
                        let factor = a[row * tokens + inner]
                        guard factor != 0 else { continue }
                        for column in 0..<tokens {
                            result[row * tokens + column] += factor * b[inner * tokens + column]
                        }
                    }
                }
            }
        }
        return result
    }

    /// What of the places comes to be in the token that is read, or on the average in the places, where they are: [h,w].
    func map(of relevance: [Float]) -> Tensor {
        let matrix = matrices[0]
        let rows = matrix.classToken.map { [$0] } ?? matrix.placeTokens
        return Tensor(shape: (try? Shape([matrix.height, matrix.width])) ?? .scalar) { map in
            for (place, token) in matrix.placeTokens.enumerated() {
                map[place] = rows.reduce(0) { $0 + relevance[$1 * tokens + token] } / Float(rows.count)
            }
        }
    }
}

extension Node {
    fileprivate var isSoftmax: Bool { if case .softmax = operation { true } else { false } }
}

extension RandomizationCheck {
    /// The check is run on petshop, which has no attention.
    static let withoutAttention = RandomizationCheck(.unmeasured, paper: nil, correlation: nil)
}
