import Execution
import Foundation
import Interpretation
import ONNXImport
import Synchronization
import Tensors
import Testing

@Suite("What holds for all methods")
struct BehaviourTests {
    static let names = Methods.all.map(\.card.name)

    /// Few samples: these tests are about behaviour.
    static func quick(_ name: String) -> [String: ParameterValue] {
        switch name {
        case "rise": ["samples": .number(12)]
        case "smoothgrad": ["samples": .number(5)]
        case "integrated-gradients": ["steps": .number(9)]
        case "occlusion": ["window": .number(40)]
        default: [:]
        }
    }

    @Test("names are unique and every card says what the method does not show")
    func cards() {
        #expect(Set(Self.names).count == Self.names.count)
        for card in Methods.all.map(\.card) {
            #expect(!card.caveat.isEmpty && !card.paper.isEmpty && !card.needs.isEmpty)
        }
    }

    /// What petshop has no attention for is in AttentionTests.
    static let convolutional = names.filter { !["attention-rollout", "transformer-attribution"].contains($0) }

    @Test("the same question gets the same bits", arguments: convolutional)
    func determinism(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        let first = try await network.explain(name, input, Self.quick(name))
        let second = try await network.explain(name, input, Self.quick(name))
        #expect(first.map == second.map)
        #expect(first.attribution == second.attribution)
    }

    @Test("rules for rectifiers say where a network has none", arguments: ["deconvnet", "guided-backprop"])
    func rulesWithoutRectifiers(name: String) async throws {
        let folder = Fixtures.package.appending(path: "Tests/Fixtures/networks/activation_silu")
        let smooth = try Network(graph: ONNXModel.load(contentsOf: folder.appending(path: "model.onnx")), threads: 2)
        let image = Tensor(shape: try Shape([1, 3, 12, 12])) { values in
            for index in values.indices { values[index] = Float(index % 251) / 125 - 1 }
        }
        let answer = try await smooth.explain(name, image)
        let gradient = try await smooth.explain("gradient", image)
        #expect(answer.map == gradient.map && gradient.warnings.isEmpty)
        #expect(answer.warnings.contains { $0.contains("neither ReLU nor ReLU6") })
        for network in ["petshop", "capped"] {
            let ruled = try await Fixtures.network(network).explain(name, try Fixtures.tensor("\(network).input.npy"))
            #expect(ruled.warnings.isEmpty)
        }
    }

    @Test("several classes at once answer as each alone", arguments: convolutional)
    func severalClasses(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        let method = try Methods.named(name)
        let question = Question(network: network, input: input, parameters: Self.quick(name))
        let together = try await network.session.perform { evaluator in
            try await method.explain(question, classes: [2, nil, 1], on: evaluator)
        }
        #expect(together.map(\.classIndex) == [2, 0, 1])
        for explanation in together {
            let alone = try await network.explain(
                name, input, classIndex: explanation.classIndex, Self.quick(name))
            #expect(alone.map == explanation.map)
            #expect(alone.attribution == explanation.attribution)
        }
    }

    @Test("an image without contrast gives finite maps", arguments: convolutional)
    func flatImage(name: String) async throws {
        let network = try Fixtures.network("petshop")
        let flat = Tensor(shape: try Shape([1, 3, 64, 64]))
        for isProbability in [false, true] {
            let answer = try await network.explain(name, flat, isProbability: isProbability, Self.quick(name))
            #expect(answer.map.isFinite)
            if let attribution = answer.attribution { #expect(attribution.isFinite) }
        }
    }

    @Test("a misspelt parameter is refused by name", arguments: names)
    func unknownParameter(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            _ = try await network.explain(name, input, ["stepps": .number(3)])
        }
    }

    @Test("a class that does not exist is refused", arguments: names)
    func missingClass(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            _ = try await network.explain(name, input, classIndex: 3, Self.quick(name))
        }
        await #expect(throws: InterpretationError.self) {
            _ = try await network.explain(name, input, classIndex: 1, against: 1, Self.quick(name))
        }
    }

    @Test("a contrast is the difference of the two classes' gradients")
    func contrast() async throws {
        let (network, input) = try Fixtures.petshop()
        let cat = try #require(try await network.explain("gradient", input, classIndex: 0).attribution)
        let dog = try #require(try await network.explain("gradient", input, classIndex: 1).attribution)
        let contrast = try #require(
            try await network.explain("gradient", input, classIndex: 0, against: 1).attribution)
        let difference = try Tensor(shape: cat.shape, values: zip(cat.values, dog.values).map { $0 - $1 })
        #expect(contrast.relativeError(to: difference) < 1e-5)
    }

    @Test("grad-cam shows where cam is positive: behind average pooling they differ by a factor")
    func gradCAMIsCAM() async throws {
        let (network, input) = try Fixtures.petshop()
        let cam = try await network.explain("cam", input, classIndex: 0).map
        let gradCAM = try await network.explain("grad-cam", input, classIndex: 0).map
        let places = Float(cam.count)
        let expected = try Tensor(shape: cam.shape, values: cam.values.map { max($0, 0) / places })
        #expect(gradCAM.relativeError(to: expected) < 1e-4)
    }

    @Test("integrated gradients sum to the score's difference from the baseline")
    func completeness() async throws {
        let (network, input) = try Fixtures.petshop()
        let answer = try await network.explain("integrated-gradients", input, classIndex: 0, ["steps": .number(200)])
        let start = try await network.explain("gradient", Tensor(shape: input.shape)).scores[0]
        let sum = try #require(answer.attribution).values.reduce(0) { $0 + Double($1) }
        #expect(abs(sum - Double(answer.scores[0] - start)) < 0.03 * abs(Double(answer.scores[0] - start)))
        #expect(answer.warnings.isEmpty)
    }

    @Test("integrated gradients with too few steps say so")
    func incompleteness() async throws {
        let (network, input) = try Fixtures.petshop()
        let answer = try await network.explain("integrated-gradients", input, classIndex: 0, ["steps": .number(1)])
        #expect(answer.warnings.contains { $0.contains("take more steps") })
    }

    @Test("a small memory budget changes the batches, not the answer", arguments: ["occlusion", "rise", "smoothgrad"])
    func memoryBudget(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        let wide = try await network.explain(name, input, classIndex: 0, Self.quick(name))
        let narrow = try await network.explain(name, input, classIndex: 0, Self.quick(name), memoryBudget: 1)
        // Kernels of other batch sizes may add in another order.
        #expect(narrow.map.relativeError(to: wide.map) < 1e-4)
    }

    @Test("another seed is another sample", arguments: ["rise", "smoothgrad"])
    func seeds(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        var parameters = Self.quick(name)
        let first = try await network.explain(name, input, parameters)
        parameters["seed"] = .number(1)
        let second = try await network.explain(name, input, parameters)
        #expect(second.map != first.map)
    }

    @Test("long methods tell how far they are", arguments: ["occlusion", "rise", "smoothgrad", "score-cam"])
    func progress(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        let seen = Seen()
        // One sample at a time: how much memory several take is the processor's affair.
        _ = try await network.explain(name, input, Self.quick(name), memoryBudget: 1, progress: { seen.add($0) })
        let shares = seen.all
        #expect(shares.count > 2 && shares == shares.sorted() && shares.last == 1)
    }

    @Test("a cancelled task stops")
    func cancellation() async throws {
        let (network, input) = try Fixtures.petshop()
        let task = Task {
            try await network.explain("rise", input, ["samples": .number(1_000_000)])
        }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        // All samples would be an answer, not an error.
        await #expect(throws: InterpretationError.self) { _ = try await task.value }
    }

    @Test("fills are what they say")
    func fills() async throws {
        let (network, input) = try Fixtures.petshop()
        func hidden(_ fill: ParameterValue) async throws -> Tensor {
            try await network.explain("occlusion", input, classIndex: 0, ["window": .number(40), "fill": fill]).map
        }
        // #7c7468 is 124, 116, 104: the mean colour (0.485, 0.456, 0.406) rounded to bytes.
        let colour = try await hidden(.text("#7c7468"))
        let (zero, nought, triple) = (
            try await hidden(.text("zero")), try await hidden(.number(0)), try await hidden(.text("0,0,0"))
        )
        let (blur, mean) = (try await hidden(.text("blur")), try await hidden(.text("mean")))
        #expect(zero.relativeError(to: colour) < 0.02)
        #expect(zero == nought && nought == triple)
        #expect(blur != mean)
        for wrong in ["#12345", "#gggggg", "1,2", "pink", "nan"] {
            await #expect(throws: InterpretationError.self) { _ = try await hidden(.text(wrong)) }
        }
    }

    @Test("strides wider than the window are refused, and the last windows reach the edge")
    func grid() async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            _ = try await network.explain("occlusion", input, ["window": .number(8), "stride": .number(9)])
        }
        let answer = try await network.explain("occlusion", input, ["window": .number(30), "stride": .number(25)])
        // ⌈(96 − 30)/25⌉ + 1 and ⌈(80 − 30)/25⌉ + 1.
        #expect(answer.map.shape.dimensions == [4, 3])
        #expect(answer.furtherMaps["score"]?.shape == answer.map.shape)
    }

    @Test("a layer is found by name and a wrong name is refused")
    func layers() async throws {
        let (network, input) = try Fixtures.petshop()
        let early = try await network.explain(
            "grad-cam", input, ["layer": .text("/features/features.4/Relu_output_0")])
        #expect(early.map.shape.dimensions == [24, 20])
        for wrong in ["nothing", "logits"] {
            await #expect(throws: (any Error).self) {
                _ = try await network.explain("grad-cam", input, ["layer": .text(wrong)])
            }
        }
    }

    @Test("relevance is conserved but for biases", arguments: ["epsilon", "epsilon-plus", "alpha-beta"])
    func conservation(rule: String) async throws {
        let (network, input) = try Fixtures.petshop()
        let answer = try await network.explain("lrp", input, classIndex: 0, ["rule": .text(rule)])
        let sum = try #require(answer.attribution).values.reduce(0, +)
        #expect(sum.isFinite && sum != 0)
        #expect(abs(sum) < 3 * abs(answer.scores[0]))
    }
}

private final class Seen: Sendable {
    private let shares = Mutex<[Double]>([])

    func add(_ share: Double) { shares.withLock { $0.append(share) } }
    var all: [Double] { shares.withLock { $0 } }
}
