public import Execution
import Foundation
import Networks
public import Tensors

/// An image that a unit responds to as strongly as possible, by gradient ascent on
///
///     L(x) = s(T·x) − λ‖x‖² − τ·TV(x) − δ·Σ cos(G_a, G_b)
///
/// with s the activation, T the transforms of the step, and λ‖x‖² alone unless the settings say more (Simonyan et al. 2013,
/// eq. 1; Olah et al. 2017). A step is: forward, objective, backward, update. All gradients are exact.
///
/// Holds the state between steps, so that a session can answer others between them.
public struct GradientAscent: Sendable {
    public let network: Network
    public let target: AscentTarget
    public let settings: AscentSettings
    public let extents: ImageExtents
    /// L before each step so far, one row a start.
    public private(set) var objectives: [[Double]]
    /// η, once the first step has decided it.
    public private(set) var rate: Double?

    /// What is moved, one array a start: pixels, or strengths of waves.
    public private(set) var parameters: [[Float]]

    private let parametrization: any ImageParametrization
    /// Where the likeness of images is measured.
    private let diversityLayer: NamedLayer?
    private var moments: [(first: [Float], second: [Float])] = []

    /// - Parameters:
    ///   - extents: of the image to be made.
    ///   - normalization: how the network's input is made of colours; nil where it is not known.
    ///   - diversityLayer: needed where the settings ask for diversity.
    ///   - start: an image [1,C,H,W] to begin with instead of noise; pixels only.
    /// - Throws: `badParameter`.
    public init(
        network: Network, target: AscentTarget, settings: AscentSettings, extents: ImageExtents,
        normalization: Question.Normalization? = nil, diversityLayer: NamedLayer? = nil, start: Tensor? = nil
    ) throws(InterpretationError) {
        try settings.check()
        guard settings.starts == 1 || network.takesBatches else {
            throw .badParameter("this network takes one image at a time; ask for one start")
        }
        guard settings.diversity == 0 || diversityLayer != nil else {
            throw .badParameter("this network has no layer to measure diversity at; leave it out")
        }
        self.network = network
        self.target = target
        self.settings = settings
        self.extents = extents
        self.diversityLayer = settings.diversity > 0 ? diversityLayer : nil
        parametrization =
            settings.isDecorrelated
            ? FourierParametrization(extents, normalization: normalization) : PixelParametrization(extents)
        objectives = Array(repeating: [], count: settings.starts)
        rate = settings.rate
        if let start {
            guard !settings.isDecorrelated, settings.starts == 1 else {
                throw .badParameter("a given image is one start and is moved pixel by pixel")
            }
            guard start.shape.dimensions == [1, extents.channels, extents.height, extents.width] else {
                throw .badParameter("the image to begin with has shape \(start.shape)")
            }
            parameters = [start.values]
        } else {
            let count = parametrization.count
            parameters = (0..<settings.starts).map { start in
                var generator = SeededGenerator(seed: settings.seed, sample: start)
                var values = [Float](repeating: 0, count: count)
                for index in stride(from: 0, to: count, by: 2) {
                    let (first, second) = generator.normalPair()
                    values[index] = Float(settings.noise * first)
                    if index + 1 < count { values[index + 1] = Float(settings.noise * second) }
                }
                return values
            }
        }
    }

    /// The last convolution stage, where the network has one: there a class's images are compared.
    public static func standardDiversityLayer(of network: Network, input: Shape) -> NamedLayer? {
        guard let classifier = network.classifier, let roles = try? AxisRoles(network.graph, image: input),
            let layer = network.graph.lastStage(
                from: network.image, to: classifier.scores, roles: roles, isPlanes: true)
        else { return nil }
        return try? NamedLayer(network.graph.name(of: layer), of: network, input: input)
    }

    public var isDone: Bool { objectives[0].count >= settings.steps }

    /// Whether the images keep within the colours there are.
    public var isBounded: Bool { parametrization.isBounded }

    /// The images as they are now [C,H,W], one a start.
    public var images: [Tensor] {
        get throws(InterpretationError) {
            var images: [Tensor] = []
            for values in parameters { images.append(try tensor([parametrization.image(of: values)], isBatch: false)) }
            return images
        }
    }

    /// s and s − λ‖x‖² − τ·TV of the images as they are, without transforms, one a start; and the scores of all classes.
    public func evaluation(
        on evaluator: Evaluator
    ) throws(InterpretationError) -> [(activation: Double, objective: Double, scores: [Float]?)] {
        let images = parameters.map { parametrization.image(of: $0) }
        let scores = network.classifier?.scores
        do {
            let pass = try evaluator.forward(
                [try tensor(images)], keeping: [target.source] + (scores.map { [$0] } ?? []))
            let activation = try pass.value(target.source)
            let rows = try scores.map { (value) throws(ExecutionError) in try pass.value(value).values }
            return images.enumerated().map { index, image in
                let value = activation.withUnsafeValues { target.value(in: $0, item: index).value }
                let classes = (rows?.count ?? 0) / images.count
                return (
                    value, value - regularization(of: image).value,
                    rows.map { Array($0[index * classes..<(index + 1) * classes]) }
                )
            }
        } catch let error as ExecutionError {
            throw .execution(error)
        } catch let error as InterpretationError {
            throw error
        } catch {
            throw .badParameter("\(error)")
        }
    }

    /// Forward, objective, backward, update, for all starts at once.
    public mutating func step(on evaluator: Evaluator) throws(InterpretationError) {
        let number = objectives[0].count
        let found = try objectivesAndGradients(at: parameters, step: number, on: evaluator)
        for (start, (objective, gradient)) in found.enumerated() {
            objectives[start].append(objective)
            update(start, by: gradient)
        }
        guard parameters.allSatisfy({ $0.allSatisfy(\.isFinite) }), objectives.allSatisfy({ $0.last?.isFinite ?? true })
        else { throw .badParameter("the ascent ran off to infinity after \(number + 1) steps; choose a smaller rate") }
    }

    /// L of each start and its gradient with respect to that start's parameters, under the transforms of step `step`.
    ///
    /// - Parameter parameters: one array a start, as long as the state's own.
    public func objectivesAndGradients(
        at parameters: [[Float]], step: Int, on evaluator: Evaluator
    ) throws(InterpretationError) -> [(objective: Double, gradient: [Float])] {
        guard parameters.map(\.count) == self.parameters.map(\.count) else {
            throw .badParameter("these are not the parameters of \(self.parameters.count) images")
        }
        let images = parameters.map { parametrization.image(of: $0) }
        let transforms = images.indices.map { settings.transforms(step: step, start: $0) }
        let seen = zip(images, transforms).map { image, transforms in
            transforms.reduce(image) { $1.applied(to: $0, extents) }
        }
        let (values, signals) = try activations(of: seen, on: evaluator)
        return images.indices.map { start in
            var gradient = signals[start]
            for transform in transforms[start].reversed() { gradient = transform.adjoint(of: gradient, extents) }
            let regularization = regularization(of: images[start])
            for index in gradient.indices { gradient[index] -= regularization.gradient[index] }
            return (
                values[start] - regularization.value,
                parametrization.gradient(at: images[start], signal: gradient)
            )
        }
    }

    // MARK: Objective

    /// s − δ·likeness of each image, and its gradient there.
    private func activations(
        of images: [[Float]], on evaluator: Evaluator
    ) throws(InterpretationError) -> (values: [Double], signals: [[Float]]) {
        let layers = diversityLayer.map { [$0.value] } ?? []
        do {
            let pass = try evaluator.forward(
                [try tensor(images)], keeping: [target.source] + layers,
                derivatives: ([target.source] + layers).map { Derivative(of: $0, withRespectTo: [network.image]) })
            let activation = try pass.value(target.source)
            var values: [Double] = []
            var seed = Tensor(shape: activation.shape)
            for item in images.indices {
                let (value, places) = activation.withUnsafeValues { target.value(in: $0, item: item) }
                values.append(value)
                for (index, weight) in places { seed[index] = weight }
            }
            var signals = split(try pass.derivative(0, seed: seed)[0], images.count)
            if let layer = diversityLayer {
                let maps = split(try pass.value(layer.value), images.count)
                let (likeness, gradients) = Diversity.valueAndGradient(of: maps, units: layer.unitCount)
                let weight = Float(-settings.diversity)
                var seed = Tensor(shape: try pass.value(layer.value).shape)
                seed.withUnsafeMutableValues { target in
                    for (index, value) in gradients.joined().enumerated() { target[index] = weight * value }
                }
                for (item, signal) in split(try pass.derivative(1, seed: seed)[0], images.count).enumerated() {
                    values[item] -= settings.diversity * likeness
                    for index in signal.indices { signals[item][index] += signal[index] }
                }
            }
            return (values, signals)
        } catch let error as ExecutionError {
            throw .execution(error)
        } catch let error as InterpretationError {
            throw error
        } catch {
            throw .badParameter("\(error)")
        }
    }

    /// λ‖x‖² + τ·TV(x) and its gradient.
    private func regularization(of image: [Float]) -> (value: Double, gradient: [Float]) {
        var value = 0.0
        var gradient = [Float](repeating: 0, count: image.count)
        if settings.penalty > 0 {
            let factor = Float(2 * settings.penalty)
            var squares = 0.0
            for index in image.indices {
                squares += Double(image[index]) * Double(image[index])
                gradient[index] = factor * image[index]
            }
            value += settings.penalty * squares
        }
        if settings.totalVariation > 0 {
            let (variation, slopes) = TotalVariation.valueAndGradient(of: image, extents)
            value += settings.totalVariation * variation
            for index in slopes.indices { gradient[index] += Float(settings.totalVariation) * slopes[index] }
        }
        return (value, gradient)
    }

    // MARK: Update

    private mutating func update(_ start: Int, by gradient: [Float]) {
        let rate = rate ?? firstRate(gradient)
        self.rate = rate
        switch settings.update {
        case .gradient:
            for index in gradient.indices { parameters[start][index] += Float(rate) * gradient[index] }
        case .adam:
            if moments.count <= start {
                let zeros = [Float](repeating: 0, count: gradient.count)
                moments.append((zeros, zeros))
            }
            let step = Double(objectives[start].count)
            let (slow, slower) = (Float(1 - pow(0.9, step)), Float(1 - pow(0.999, step)))
            for index in gradient.indices {
                let first = 0.9 * moments[start].first[index] + 0.1 * gradient[index]
                let second = 0.999 * moments[start].second[index] + 0.001 * gradient[index] * gradient[index]
                moments[start].first[index] = first
                moments[start].second[index] = second
                parameters[start][index] += Float(rate) * (first / slow) / ((second / slower).squareRoot() + 1e-8)
            }
        }
    }

    /// Moves the parameters by the first move, but not so far that the penalty alone overshoots.
    private func firstRate(_ gradient: [Float]) -> Double {
        let square = gradient.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(gradient.count, 1))
        let rate = square > 0 ? AscentSettings.firstMove / square.squareRoot() : 1
        return settings.penalty > 0 ? min(rate, 1 / (4 * settings.penalty)) : rate
    }

    // MARK: Tensors

    private func tensor(_ images: [[Float]], isBatch: Bool = true) throws(InterpretationError) -> Tensor {
        let one = [extents.channels, extents.height, extents.width]
        do {
            return try Tensor(shape: Shape(isBatch ? [images.count] + one : one), values: Array(images.joined()))
        } catch {
            throw .badParameter("\(error)")
        }
    }

    /// The items of a batch; zeros where no signal arrived.
    private func split(_ tensor: Tensor?, _ items: Int) -> [[Float]] {
        guard let tensor else { return Array(repeating: [Float](repeating: 0, count: extents.count), count: items) }
        let values = tensor.values
        let count = values.count / items
        return (0..<items).map { Array(values[$0 * count..<($0 + 1) * count]) }
    }
}
