public import Execution
public import Networks
public import Tensors

/// Gives a network a head that class activation mapping can read: global average pooling over the last convolution
/// stage, then one fully-connected layer, which alone is trained (Zhou et al. 2016, §2). The trunk stays as it is.
///
/// For networks that flatten their last maps, and for networks that shall tell other classes apart.
///
/// ```swift
/// let conversion = try HeadConversion(network, inputShape: shape)
/// let example = try await session.perform { try conversion.example(of: photo, on: $0) }      // for each photo
/// let head = try HeadTraining().train(features, labels: labels, classes: 3)
/// let localizer = conversion.graph(with: head)
/// ```
public struct HeadConversion: Sendable {
    public let network: Network
    /// What is pooled: the last convolution stage's output behind its activation, before any pooling, [N,C,h,w].
    public let features: ValueID
    /// C.
    public let channels: Int
    private let inputShape: Shape

    /// - Parameter inputShape: [1,C,H,W] of the photos to come.
    /// - Throws: `notApplicable` where the network has no such stage.
    public init(_ network: Network, inputShape: Shape) throws(InterpretationError) {
        guard let scores = network.classifier?.scores else { throw .notAClassifier }
        let roles: AxisRoles
        do { roles = try AxisRoles(network.graph, image: inputShape) } catch { throw .execution(.network(error)) }
        let stage = network.graph.lastStage(from: network.image, to: scores, roles: roles, isPlanes: true)
        guard let features = stage, let channels = roles.places(of: features)?.channels else {
            throw .notApplicable(
                method: "head conversion",
                reason: "no convolution stage lies on every way from the image to the scores",
                alternatives: ["grad-cam", "occlusion"])
        }
        self.network = network
        self.features = features
        self.channels = channels
        self.inputShape = inputShape
    }

    /// What the new head is trained on.
    public struct Example: Sendable {
        /// Spatial means of the features [C].
        public let pooled: [Float]
        /// The scores that the network gives now [classes].
        public let scores: [Float]
    }

    /// One forward pass of a photo [1,C,H,W]. Runs on the session's thread.
    public func example(of input: Tensor, on evaluator: Evaluator) throws(InterpretationError) -> Example {
        let pass = try ClassificationPass(network, input, on: evaluator, keeping: [features])
        let maps = try pass.activation(features)
        let extents = maps.shape.dimensions
        guard extents.count == 4, extents[0] == 1, extents[1] == channels else { throw .notAClassifier }
        let places = extents[2] * extents[3]
        let pooled = maps.withUnsafeValues { values in
            (0..<channels).map { channel in
                let sum = values[channel * places..<(channel + 1) * places].reduce(0) { $0 + Double($1) }
                return Float(sum / Double(places))
            }
        }
        return Example(pooled: pooled, scores: pass.scores)
    }

    /// The network with the new head, under the old output's name. Height and width become free where the old head
    /// alone had fixed them.
    public func graph(with head: TrainedHead) -> Graph {
        var graph = network.graph
        let output = network.classifier?.output ?? graph.outputs.first ?? features
        let added = network.classifier?.added ?? []
        graph.nodes.removeAll { $0.outputs.contains { $0 == output || added.contains($0) } }
        let pooled = graph.makeValue("head.pooled")
        let row = graph.makeValue("head.features")
        let weights = graph.makeValue("head.weight")
        let bias = graph.makeValue("head.bias")
        graph.constants[weights] = .floats(head.weights)
        graph.constants[bias] = .floats(head.bias)
        graph.nodes += [
            Node(
                name: "head.pool", operation: .globalPooling(.average), inputs: [features], outputs: [pooled]),
            Node(name: "head.flatten", operation: .flatten(axis: 1), inputs: [pooled], outputs: [row]),
            Node(name: "head.classifier", operation: .fullyConnected, inputs: [row, weights, bias], outputs: [output]),
        ]
        graph.outputs = [output]
        return graph.canonicalized().withFreeExtents(from: inputShape)
    }
}

extension Graph {
    /// A value under a name that nothing has yet.
    fileprivate mutating func makeValue(_ name: String) -> ValueID {
        var unused = name
        while value(named: unused) != nil { unused += "_" }
        return intern(unused)
    }

    /// Frees the image's height and width where the network works on other sizes too.
    fileprivate func withFreeExtents(from shape: Shape) -> Graph {
        guard let image = inputs.first, image.extents.count == 4 else { return self }
        var freed = self
        freed.inputs[0] = Input(value: image.value, extents: [image.extents[0], image.extents[1], nil, nil])
        guard let larger = try? Shape([shape[0], shape[1], shape[2] + 32, shape[3] + 64]),
            (try? freed.shapes(for: [image.value: larger])) != nil
        else { return self }
        return freed
    }
}
