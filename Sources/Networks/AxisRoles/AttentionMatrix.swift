import Tensors

/// The softmax of an attention layer between all places of the image: how much each token looks at each.
public struct AttentionMatrix: Sendable, Hashable {
    /// [1,heads,T,T], or with other axes before the last two; each row adds up to 1.
    public let value: ValueID
    public let heads: Int
    public let tokens: Int
    /// Grid of the places among the tokens.
    public let height: Int
    public let width: Int
    /// The token of each place [h·w].
    public let placeTokens: [Int]
    /// The class token, where the scores are read from it; nil where they are read from all places.
    public let classToken: Int?
}

extension AxisRoles {
    /// The attention layers whose tokens are the whole image, in order; those within windows, or between grids of two
    /// sizes, are none of them.
    public func attentionMatrices() -> [AttentionMatrix] {
        let multiplied = attentionCandidates()
        guard !multiplied.isEmpty else { return [] }
        let isReadByClassToken =
            graph.nodes.last { places(of: $0.output).map { $0.others > 0 } ?? false }
            .map { !readsPlaces(of: $0.output) } ?? false
        return multiplied.compactMap { value in
            guard let axes = roles[value], let shape = shape(of: value), shape.rank >= 3,
                let rows = axes[shape.rank - 2], let columns = axes[shape.rank - 1], rows == columns,
                !axes.dropLast(2).contains(where: { $0?.hasPlaces ?? true }),
                let line = try? Shape([rows.extent]), let places = LayerPlaces([rows], shape: line),
                places.channels == 1
            else { return nil }
            var tokens: [Int] = []
            places.view.forEachOffset { tokens.append($0) }
            let classToken = rows.before > 0 ? 0 : rows.after > 0 ? rows.extent - rows.after : nil
            return AttentionMatrix(
                value: value, heads: shape.dimensions.dropLast(2).reduce(1, *), tokens: rows.extent,
                height: places.height, width: places.width, placeTokens: tokens,
                classToken: isReadByClassToken ? classToken : nil)
        }
    }

    /// Softmaxes over the last axis of square matrices that something other than weights is multiplied with.
    private func attentionCandidates() -> [ValueID] {
        var origins: [ValueID: ValueID] = [:]
        var found: [ValueID] = []
        for node in graph.nodes {
            switch node.operation {
            case .softmax(let softmax):
                guard let shape = shape(of: node.output), shape.rank >= 3, !softmax.isLogarithmic,
                    softmax.axis == -1 || softmax.axis == shape.rank - 1,
                    shape[shape.rank - 1] == shape[shape.rank - 2], shape[shape.rank - 1] > 1
                else { continue }
                origins[node.output] = node.output
            case .identity, .shapeArithmetic(.cast):
                if let source = node.input(0), let origin = origins[source] { origins[node.output] = origin }
            case .matrixProduct:
                guard let left = node.input(0), let origin = origins[left], let right = node.input(1), depends(right),
                    !found.contains(origin)
                else { continue }
                found.append(origin)
            default: continue
            }
        }
        return found
    }
}
