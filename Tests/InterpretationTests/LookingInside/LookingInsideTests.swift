import Execution
import Foundation
import Interpretation
import Networks
import Tensors
import Testing

@Suite("A unit taken back to the pixels") struct UnitProjectionTests {
    static let layer = "/features/features.9/Relu"

    private func units(
        _ network: Network, _ input: Tensor, layer: String = layer, unit: Int? = nil, count: Int = 3,
        rule: UnitProjection.Rule? = nil
    ) async throws -> [UnitProjection.Unit] {
        let projection = UnitProjection(
            network: network, layer: try NamedLayer(layer, of: network, input: input.shape), rule: rule)
        return try await network.session.perform { evaluator in
            try projection.units(of: input, unit: unit, count: count, on: evaluator)
        }
    }

    @Test("nothing arrives outside of the activation's receptive field, and something inside")
    func receptiveField() async throws {
        let (network, input) = try Fixtures.petshop()
        for unit in try await units(network, input, count: 5) {
            #expect(unit.value > 0)
            let (width, window) = (input.shape[3], unit.window)
            var (inside, outside): (Float, Float) = (0, 0)
            for (index, value) in unit.reconstruction.values.enumerated() {
                let (y, x) = (index / width % input.shape[2], index % width)
                let isInside =
                    (window.y..<window.y + window.height).contains(y)
                    && (window.x..<window.x + window.width).contains(x)
                if isInside { inside = max(inside, abs(value)) } else { outside = max(outside, abs(value)) }
            }
            #expect(inside > 0 && outside == 0)
            // Of a window of 43 pixels that may be cut off at the edge.
            #expect(window.width <= 43 && window.height <= 43)
        }
    }

    @Test("units come by falling activation, each at the place of its largest value")
    func order() async throws {
        let (network, input) = try Fixtures.petshop()
        let found = try await units(network, input, count: 64)
        #expect(found.map(\.value) == found.map(\.value).sorted(by: >))
        #expect(Set(found.map(\.unit)).count == found.count)
        let layer = try NamedLayer(Self.layer, of: network, input: input.shape)
        let activation = try await network.session.perform { (evaluator) throws(ExecutionError) in
            try evaluator.forward([input], keeping: [layer.value]).value(layer.value)
        }
        let unit = found[0]
        let place = try layer.place(at: unit.position)
        #expect(activation[unit.unit * layer.placeCount + place] == unit.value)
        #expect(activation.values.max() == unit.value)
        #expect(layer.position(of: place) == unit.position)
    }

    @Test("one unit alone is what it is among others")
    func alone() async throws {
        let (network, input) = try Fixtures.petshop()
        let among = try await units(network, input, count: 3)
        for unit in among {
            let alone = try await units(network, input, unit: unit.unit)
            #expect(alone.count == 1 && alone[0].reconstruction == unit.reconstruction)
        }
    }

    @Test("at the first convolution it is the filter itself, weighted with the activation")
    func firstFilter() async throws {
        let (network, input) = try Fixtures.petshop()
        let node = try #require(network.graph.nodes.first)
        let weights = try #require(node.input(1).flatMap { network.graph.constants[$0]?.tensor })
        let unit = try #require(try await units(network, input, layer: "/features/features.0/Conv", count: 1).first)
        let (height, width) = (input.shape[2], input.shape[3])
        var expected = Tensor(shape: unit.reconstruction.shape)
        for channel in 0..<3 {
            for tap in 0..<25 {
                let (y, x) = (unit.position[0] * 2 - 2 + tap / 5, unit.position[1] * 2 - 2 + tap % 5)
                guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
                expected[(channel * height + y) * width + x] =
                    unit.value * weights[(unit.unit * 3 + channel) * 25 + tap]
            }
        }
        #expect(unit.reconstruction.relativeError(to: expected) < 1e-6)
    }

    @Test("the rule is deconvnet where there are switches on the way down, else guided backpropagation")
    func usualRule() throws {
        let petshop = try Fixtures.network("petshop").graph
        let first = try #require(petshop.nodes.first)
        let scores = petshop.outputs[0]
        #expect(UnitProjection.Rule(usualFor: petshop, below: scores) == .deconvnet)
        #expect(UnitProjection.Rule(usualFor: petshop, below: first.output) == .guided)
        let capped = try Fixtures.network("capped").graph
        #expect(UnitProjection.Rule(usualFor: capped, below: capped.outputs[0]) == .guided)
    }

    @Test("a unit at the cap of its ReLU6 comes down as one below it does", arguments: UnitProjection.Rule.allCases)
    func cap(rule: UnitProjection.Rule) async throws {
        let network = try Fixtures.network("capped")
        let input = try Fixtures.tensor("capped.input.npy")
        let convolution = try #require(network.graph.nodes.first)
        let rectifier = try #require(network.graph.nodes.first { $0.input(0) == convolution.output })
        let found = try await units(network, input, layer: rectifier.name, count: 8, rule: rule)
        let before = try await units(network, input, layer: convolution.name, count: 8, rule: rule)
        #expect(found[0].value == 6 && found[1].value == 6)
        // At the cap they are equal; what comes before tells them apart.
        #expect(found.map(\.unit) == before.map(\.unit) && found.map(\.position) == before.map(\.position))
        for (unit, own) in zip(found, before) where unit.value > 0 {
            let share = unit.value / own.value
            let scaled = try Tensor(
                shape: own.reconstruction.shape, values: own.reconstruction.values.map { $0 * share })
            #expect(unit.reconstruction.relativeError(to: scaled) < 1e-5)
        }
    }

    @Test("a class's score has one value and sees everything")
    func scores() async throws {
        let (network, input) = try Fixtures.petshop()
        let unit = try #require(try await units(network, input, layer: "logits", unit: 0).first)
        #expect(unit.position.isEmpty)
        #expect(unit.window == ImageWindow(y: 0, x: 0, height: input.shape[2], width: input.shape[3]))
        // The same walk from another seed: the score instead of 1.
        let method = try #require(try await network.explain("deconvnet", input, classIndex: 0).attribution)
        let scaled = try Tensor(shape: method.shape, values: method.values.map { $0 * unit.value })
        #expect(unit.reconstruction.relativeError(to: scaled) < 1e-5)
    }

    @Test("what does not exist is refused", arguments: [("nothing", 0), (layer, 128), (layer, -1)])
    func refusals(layer: String, unit: Int) async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            _ = try await units(network, input, layer: layer, unit: unit)
        }
    }
}

@Suite("Images that a unit responds to") struct GradientAscentTests {
    static let side = 48

    private func ascent(
        _ network: Network, _ settings: AscentSettings, classIndex: Int = 0, start: Tensor? = nil, side: Int = side
    ) throws -> GradientAscent {
        let shape = try Shape([1, 3, side, side])
        return try GradientAscent(
            network: network, target: AscentTarget(classIndex: classIndex, of: network, input: shape),
            settings: settings, extents: ImageExtents(channels: 3, height: side, width: side),
            normalization: .init(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]),
            diversityLayer: GradientAscent.standardDiversityLayer(of: network, input: shape), start: start)
    }

    private func finished(_ ascent: GradientAscent) async throws -> GradientAscent {
        try await ascent.network.session.perform { (evaluator) throws(InterpretationError) in
            var next = ascent
            while !next.isDone { try next.step(on: evaluator) }
            return next
        }
    }

    @Test("with a small step the plain objective rises from step to step", arguments: [0, 1, 2])
    func monotone(classIndex: Int) async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings()
        settings.steps = 30
        settings.rate = 0.1
        let made = try await finished(try ascent(network, settings, classIndex: classIndex))
        let objective = made.objectives[0]
        for (before, after) in zip(objective, objective.dropFirst()) { #expect(after > before) }
        #expect(objective.count == 30)
    }

    @Test("one plain step is x + η·(∂s/∂x − 2λx)")
    func formula() async throws {
        let (network, _) = try Fixtures.petshop()
        let start = try Tensor(
            shape: Shape([1, 3, 40, 36]), values: (0..<4320).map { Float(($0 * 7919) % 211 - 105) / 100 })
        var settings = AscentSettings()
        settings.steps = 1
        settings.rate = 0.5
        settings.penalty = 0.01
        let answer = try await network.explain("gradient", start, classIndex: 1)
        let gradient = try #require(answer.attribution)
        let target = try AscentTarget(classIndex: 1, of: network, input: start.shape)
        let made = try await finished(
            try GradientAscent(
                network: network, target: target, settings: settings,
                extents: ImageExtents(channels: 3, height: 40, width: 36), start: start))
        let expected = try Tensor(
            shape: gradient.shape,
            values: zip(start.values, gradient.values).map { $0 + 0.5 * ($1 - 2 * 0.01 * $0) })
        #expect(try made.images[0].relativeError(to: expected) < 1e-6)
        let squares = start.values.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(made.objectives[0][0] - (Double(answer.scores[1]) - 0.01 * squares)) < 1e-3)
    }

    @Test(
        "every setting's gradient is that of its objective, by finite differences",
        arguments: ["plain", "tv", "blur", "jitter", "similarity", "fourier", "all", "diversity"])
    func gradients(name: String) async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings()
        (settings.noise, settings.penalty) = (0.4, 1e-3)
        if name == "tv" || name == "all" { settings.totalVariation = 0.02 }
        if name == "blur" || name == "all" { settings.blur = 0.8 }
        if name == "jitter" || name == "all" { settings.jitter = 5 }
        if name == "similarity" || name == "all" { (settings.rotation, settings.scaling) = (15, 0.2) }
        if name == "fourier" || name == "all" { settings.isDecorrelated = true }
        if name == "diversity" { (settings.starts, settings.diversity) = (2, 3) }
        let ascent = try ascent(network, settings)
        let (slope, difference) = try await network.session.perform { (evaluator) throws(InterpretationError) in
            let here = ascent.parameters
            let gradient = try ascent.objectivesAndGradients(at: here, step: 3, on: evaluator)[0].gradient
            // Half along the gradient, half across it, so that a wrong direction shows as well as a wrong length.
            let length = gradient.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
            let direction = gradient.indices.map { index in
                gradient[index] / length + Float((index * 7919) % 211 - 105) / 105 / Float(gradient.count).squareRoot()
            }
            let slope = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            // Small enough to pass few kinks of the ReLUs, large enough for single precision.
            let size: Float = 0.01
            let ends = try [size, -size].map { (step) throws(InterpretationError) in
                var moved = here
                for index in direction.indices { moved[0][index] += step * direction[index] }
                return try ascent.objectivesAndGradients(at: moved, step: 3, on: evaluator)[0].objective
            }
            return (slope, (ends[0] - ends[1]) / Double(2 * size))
        }
        #expect(abs(difference - slope) < 0.02 * abs(slope), "slope \(slope), difference \(difference)")
    }

    @Test("the same seed makes the same image, another seed another", arguments: [false, true])
    func seeds(isRegularized: Bool) async throws {
        let network = try Fixtures.network("petshop")
        var settings = isRegularized ? AscentSettings.regularized : AscentSettings()
        settings.steps = 4
        let first = try await finished(try ascent(network, settings)).images[0]
        #expect(try await finished(try ascent(network, settings)).images[0] == first)
        settings.seed = 1
        #expect(try await finished(try ascent(network, settings)).images[0] != first)
        #expect(first.isFinite)
    }

    @Test("both presets raise the class they are for", arguments: [false, true])
    func success(isRegularized: Bool) async throws {
        let network = try Fixtures.network("petshop")
        for classIndex in 0..<2 {
            var settings = isRegularized ? AscentSettings.regularized : AscentSettings()
            settings.steps = 40
            let made = try await finished(try ascent(network, settings, classIndex: classIndex, side: 96))
            let evaluation = try await network.session.perform { (evaluator) throws(InterpretationError) in
                try made.evaluation(on: evaluator)
            }
            let scores = try #require(evaluation[0].scores)
            #expect(scores.max() == scores[classIndex])
            #expect(softmax(scores)[classIndex] > 0.99)
        }
    }

    @Test("several starts are those that each seed's sample would be alone, but for diversity")
    func starts() async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings()
        (settings.steps, settings.rate, settings.starts) = (3, 5, 3)
        let together = try await finished(try ascent(network, settings)).images
        settings.starts = 1
        let alone = try await finished(try ascent(network, settings)).images[0]
        #expect(together[0].relativeError(to: alone) < 1e-3)
        #expect(together[0] != together[1] && together[1] != together[2])
    }

    @Test("diversity makes the starts' maps less alike")
    func diversity() async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings()
        (settings.steps, settings.starts, settings.rate) = (25, 2, 60)
        func likeness(_ diversity: Double) async throws -> Double {
            settings.diversity = diversity
            let images = try await finished(try ascent(network, settings)).images
            let layer = try #require(
                GradientAscent.standardDiversityLayer(of: network, input: Shape([1, 3, Self.side, Self.side])))
            var maps: [[Float]] = []
            for image in images {
                let input = try image.reshaped(to: Shape([1, 3, Self.side, Self.side]))
                maps.append(
                    try await network.session.perform { (evaluator) throws(ExecutionError) in
                        try evaluator.forward([input], keeping: [layer.value]).value(layer.value).values
                    })
            }
            return Diversity.valueAndGradient(of: maps, units: layer.unitCount).value
        }
        let (without, with) = (try await likeness(0), try await likeness(20))
        #expect(with < without - 0.01)
    }

    @Test("a regularized image keeps within the colours there are")
    func bounds() async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings.regularized
        settings.steps = 3
        settings.noise = 8
        let made = try await finished(try ascent(network, settings))
        #expect(made.isBounded)
        let (mean, deviation): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        for (index, value) in try made.images[0].values.enumerated() {
            let channel = index / (Self.side * Self.side)
            let colour = value * deviation[channel] + mean[channel]
            #expect((-1e-5...1.00001).contains(colour))
        }
    }

    @Test("settings that make no sense are refused by name")
    func refusals() throws {
        let changes: [@Sendable (inout AscentSettings) -> Void] = [
            { $0.steps = 0 }, { $0.rate = .nan }, { $0.rate = -1 }, { $0.penalty = .infinity }, { $0.starts = 17 },
            { $0.diversity = 1 }, { $0.jitter = -1 }, { $0.rotation = 181 }, { $0.scaling = 1 }, { $0.blur = 33 },
            { $0.totalVariation = -0.1 }, { $0.noise = .nan },
        ]
        for change in changes {
            var settings = AscentSettings()
            change(&settings)
            #expect(throws: InterpretationError.self) { try settings.check() }
        }
    }

    @Test("a step that runs off to infinity is stopped with a word on the rate")
    func divergence() async throws {
        let network = try Fixtures.network("petshop")
        var settings = AscentSettings()
        (settings.rate, settings.penalty, settings.steps) = (1e12, 1, 200)
        await #expect(throws: InterpretationError.self) { _ = try await finished(try ascent(network, settings)) }
    }
}
