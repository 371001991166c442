import Execution
public import Networks
public import Tensors

/// The activation s(x) that an image is made for.
public struct AscentTarget: Sendable {
    /// Which of a unit's values counts.
    public enum Reading: Sendable, Hashable {
        /// The mean over the map: a picture full of what the unit looks for.
        case mean
        /// The largest value, wherever it is.
        case maximum
        /// The value at one place of the map.
        case place(Int)
    }

    /// What is read in the network.
    public let source: ValueID
    /// [N,units,…].
    public let shape: Shape
    public let unit: Int
    public let reading: Reading

    /// The score of a class before softmax.
    ///
    /// - Parameter input: shape of the image [N,C,H,W].
    /// - Throws: `notAClassifier`, `classOutOfRange`.
    public init(classIndex: Int, of network: Network, input: Shape) throws(InterpretationError) {
        guard let classifier = network.classifier else { throw .notAClassifier }
        let shapes: [ValueID: Shape]
        do { shapes = try network.graph.shapes(for: [network.image: input]) } catch {
            throw .execution(.network(error))
        }
        guard let shape = shapes[classifier.scores], shape.rank == 2 else { throw .notAClassifier }
        guard (0..<shape[1]).contains(classIndex) else { throw .classOutOfRange(classIndex, count: shape[1]) }
        source = classifier.scores
        self.shape = shape
        unit = classIndex
        reading = .mean
    }

    /// A unit of a layer.
    ///
    /// - Throws: `badParameter` where the layer has no such unit.
    public init(unit: Int, of layer: NamedLayer, reading: Reading) throws(InterpretationError) {
        try layer.check(unit: unit)
        source = layer.value
        shape = layer.shape
        self.unit = unit
        self.reading = reading
    }

    /// s of item `item` of the batch, and the places that it is read from with their weights.
    func value(in activation: UnsafeBufferPointer<Float>, item: Int) -> (
        value: Double, seed: [(index: Int, weight: Float)]
    ) {
        let places = max(shape.dimensions.dropFirst(2).reduce(1, *), 1)
        let start = (item * shape[1] + unit) * places
        switch reading {
        case .mean:
            let sum = (start..<start + places).reduce(0.0) { $0 + Double(activation[$1]) }
            return (sum / Double(places), (start..<start + places).map { ($0, 1 / Float(places)) })
        case .maximum:
            let best = (start..<start + places).max { activation[$0] < activation[$1] } ?? start
            return (Double(activation[best]), [(best, 1)])
        case .place(let place):
            return (Double(activation[start + place]), [(start + place, 1)])
        }
    }
}
