public import Networks
public import Tensors

/// A layer whose units dataset search knows.
public struct IndexedLayer: Sendable, Hashable {
    public let value: ValueID
    /// The ONNX name of the layer's output.
    public let name: String
    /// The name of the node that makes it.
    public let nodeName: String
    /// Channels: of [N,C,h,w], or of [N,C].
    public let units: Int

    public init(value: ValueID, name: String, nodeName: String, units: Int) {
        self.value = value
        self.name = name
        self.nodeName = nodeName
        self.units = units
    }
}

extension Graph {
    /// The layers that dataset search indexes: the outputs of the activation functions, because what a unit passes on
    /// is what it has found, and `scores`. Where no activation function works on planes, the convolutions' outputs
    /// count instead.
    ///
    /// A residual block counts once, by the activation behind its sum: reading sums and the branches before them too
    /// would take the ReLUs out of the convolutions that compute them.
    ///
    /// - Parameters:
    ///   - inputShapes: any that the network takes; the units do not depend on height and width.
    ///   - scores: the classifier's, before any softmax.
    /// - Throws: `NetworkError` where the shapes do not fit.
    public func indexedLayers(
        for inputShapes: [ValueID: Shape], scores: ValueID?
    ) throws(NetworkError) -> [IndexedLayer] {
        let shapes = try shapes(for: inputShapes)
        // Of layers that keep their channels elsewhere, units would be rows.
        let roles = try inputShapes[inputs[0].value].map { (shape) throws(NetworkError) in
            try AxisRoles(self, image: shape)
        }
        func isPlanes(_ value: ValueID) -> Bool { roles?.places(of: value)?.isPlanes ?? true }
        func layers(where isWanted: (Node) -> Bool) -> [IndexedLayer] {
            nodes.filter { constants[$0.output] == nil && (isWanted($0) || $0.output == scores) }.compactMap { node in
                guard let shape = shapes[node.output], shape.rank == 4 || shape.rank == 2,
                    shape[0] == 1, shape[1] > 0, shape.rank == 2 || isPlanes(node.output)
                else { return nil }
                return IndexedLayer(
                    value: node.output, name: name(of: node.output), nodeName: node.name, units: shape[1])
            }
        }
        let activations = layers { node in
            if case .activation = node.operation { return shapes[node.output]?.rank == 4 }
            return false
        }
        if activations.contains(where: { $0.value != scores }) { return activations }
        return layers { node in
            if case .convolution = node.operation { return true }
            return false
        }
    }
}
