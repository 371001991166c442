public import Execution
public import Networks
public import Tensors

/// What in an image made a unit respond: its strongest activation is kept, all others are set to zero, and what is left
/// goes down to the pixels – unpooled with the switches of the forward pass, rectified, convolved with the transposed
/// filters (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", §2.1).
///
/// That is the engine's backward walk by a ``Rule`` from the layer to the image; no layer is copied for it. Biases play no
/// part.
public struct UnitProjection: Sendable {
    /// What is done at the rectifiers on the way down.
    public enum Rule: String, Sendable, CaseIterable {
        /// Zeiler and Fergus 2014. What ties the reconstruction to the image are the switches of maximum pooling.
        case deconvnet
        /// Springenberg et al. 2015, §3.4, for networks without maximum pooling: signal passes where the image made the
        /// rectifier active, which ties the reconstruction to the image.
        case guided = "guided-backprop"

        /// The one whose reconstructions are tied to the image: deconvnet where there are switches on the way down.
        ///
        /// - Parameter layer: where the way down begins.
        public init(usualFor graph: Graph, below layer: ValueID) {
            let hasSwitches = graph.nodes(neededFor: layer).contains { node in
                if case .pooling(let pooling) = node.operation { pooling.kind == .maximum } else { false }
            }
            self = hasSwitches ? .deconvnet : .guided
        }

        fileprivate var backward: BackwardRule {
            switch self {
            case .deconvnet: .deconvnet
            case .guided: .guided
            }
        }

        /// What is said beside every reconstruction.
        public var caveat: String {
            "\(rawValue) reconstructions depend little on what the layers above the pixels have learned: the rule FAILS the "
                + "randomization check of Adebayo et al. 2018. They show which structure of this photo the unit responded "
                + "to, not why a class was chosen."
        }
    }

    /// One unit's reconstruction.
    public struct Unit: Sendable {
        public let unit: Int
        /// Its strongest activation.
        public let value: Float
        /// Where in the map that is; empty where the unit has a single value.
        public let position: [Int]
        /// The pixels that the activation depends on.
        public let window: ImageWindow
        /// What arrives at the pixels [C,H,W], signed; zero outside of the window.
        public let reconstruction: Tensor
    }

    public let network: Network
    public let layer: NamedLayer
    public let rule: Rule

    /// - Parameter rule: the layer's usual one where nil.
    public init(network: Network, layer: NamedLayer, rule: Rule? = nil) {
        self.network = network
        self.layer = layer
        self.rule = rule ?? Rule(usualFor: network.graph, below: layer.value)
    }

    /// Unit `unit`, or the `count` units that respond most strongly, the strongest first; all from one forward pass. Where
    /// the layer has a cap, the order is that of the values before it.
    ///
    /// - Parameter image: [1,C,H,W], normalized.
    /// - Throws: `badParameter` where there is no such unit, `cancelled`, and what the execution throws.
    public func units(
        of image: Tensor, unit: Int?, count: Int, on evaluator: Evaluator
    ) throws(InterpretationError) -> [Unit] {
        guard image.shape.rank == 4, image.shape[0] == 1 else {
            throw .badParameter("the input should be one image [1,C,H,W], got shape \(image.shape)")
        }
        if let unit { try layer.check(unit: unit) }
        do {
            let ranked = valueBeforeCap ?? layer.value
            let pass = try evaluator.forward(
                [image], keeping: [layer.value, ranked],
                derivatives: [Derivative(of: layer.value, withRespectTo: [network.image], rule: rule.backward)])
            let activation = try pass.value(layer.value)
            let strongest = try strongestPlaces(of: try pass.value(ranked))
            let chosen = unit.map { [$0] } ?? Array(byFallingValue(strongest).prefix(max(count, 1)))
            var units: [Unit] = []
            for unit in chosen {
                if Task.isCancelled { throw InterpretationError.cancelled }
                let place = strongest[unit].place
                let value = activation[unit * layer.placeCount + place]
                var kept = Tensor(shape: layer.shape)
                kept[unit * layer.placeCount + place] = value
                let signal = try pass.derivative(0, seed: kept)[0] ?? Tensor(shape: image.shape)
                let position = layer.position(of: place)
                units.append(
                    Unit(
                        unit: unit, value: value, position: position, window: layer.imageWindow(at: position),
                        reconstruction: firstItem(signal)))
            }
            return units
        } catch let error as ExecutionError {
            throw .execution(error)
        } catch let error as InterpretationError {
            throw error
        } catch {
            throw .badParameter("\(error)")
        }
    }

    /// What a capped rectifier reads, where the layer is one. At the cap all are equal; what comes before tells them apart.
    private var valueBeforeCap: ValueID? {
        guard let node = network.graph.producers()[layer.value], node.operation.isRectifier,
            node.operation != .activation(.relu)
        else { return nil }
        return node.input(0)
    }

    private func byFallingValue(_ strongest: [(place: Int, value: Float)]) -> [Int] {
        // Of equal ones the lower number first, so that the answer is always the same.
        strongest.indices.sorted { (strongest[$0].value, $1) > (strongest[$1].value, $0) }
    }

    /// Of each unit the place of its largest value; of equal ones the first.
    private func strongestPlaces(
        of activation: Tensor
    ) throws(InterpretationError) -> [(place: Int, value: Float)] {
        let places = layer.placeCount
        let found = activation.withUnsafeValues { values in
            (0..<layer.unitCount).map { unit in
                var best = (place: 0, value: -Float.infinity)
                for place in 0..<places where values[unit * places + place] > best.value {
                    best = (place, values[unit * places + place])
                }
                return best
            }
        }
        guard found.allSatisfy({ $0.value.isFinite }) else {
            throw .badParameter("layer '\(layer.name)' holds values that are not finite on this image")
        }
        return found
    }
}
