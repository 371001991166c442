import Execution
import Foundation
import Interpretation
import Localization
import ONNXImport
import Tensors
import Testing

@Suite("Evidence of a box")
struct EvidenceTests {
    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func petshop() throws -> (network: Network, input: Tensor) {
        let graph = try ONNXModel.load(
            contentsOf: package.appending(path: "Tests/Fixtures/first-edition/petshop/model.onnx"))
        let input = try Data(contentsOf: package.appending(path: "Tests/Fixtures/petshop-reference/cat.input.npy"))
        return (try Network(graph: graph, threads: 2), try Tensor(npy: input))
    }

    static func readings(_ box: PixelBox) async throws -> Counterfactuals.BoxReadings {
        let (network, input) = try petshop()
        let shown = try PixelMask(
            width: input.shape[3], height: input.shape[2],
            pixels: [Bool](repeating: true, count: input.shape[2] * input.shape[3]))
        let measured = try await network.session.perform { evaluator in
            try await Counterfactuals.measure(
                network, input: input, classIndex: 0, score: 0, region: nil, shown: shown, box: box, on: evaluator)
        }
        #expect(measured.without == nil && measured.only == nil && measured.elsewhere == nil)
        #expect(measured.losses == nil && measured.spot == nil)
        return try #require(measured.box)
    }

    @Test("a box of the whole image hides all of it, and leaves no elsewhere")
    func wholeImage() async throws {
        let (network, input) = try Self.petshop()
        let readings = try await Self.readings(PixelBox(x: 0, y: 0, width: input.shape[3], height: input.shape[2]))
        let blank = Tensor(shape: input.shape)
        let (whole, none) = try await network.session.perform { evaluator in
            (
                try ClassificationPass(network, input, on: evaluator).probabilities?[0] ?? .nan,
                try ClassificationPass(network, blank, on: evaluator).probabilities?[0] ?? .nan
            )
        }
        #expect(abs(readings.only - Double(whole)) < 1e-5)
        #expect(abs(readings.hidden - Double(none)) < 1e-5)
        #expect(readings.elsewhere == nil)
    }

    @Test("a box over more than half of the image has no equal area elsewhere; one of half of it has")
    func noEqualArea() async throws {
        let (_, input) = try Self.petshop()
        let (width, height) = (input.shape[3], input.shape[2])
        #expect(
            try await Self.readings(PixelBox(x: 0, y: 0, width: width, height: height / 2 + 1)).elsewhere == nil)
        #expect(try await Self.readings(PixelBox(x: 0, y: 0, width: width, height: height / 2)).elsewhere != nil)
    }

    @Test("everything that is asked is what the network says of the photo with just that part filled")
    func allQuestions() async throws {
        let (network, input) = try Self.petshop()
        let (width, height) = (input.shape[3], input.shape[2])
        let region = try PixelMask(
            width: width, height: height,
            pixels: (0..<width * height).map { $0 % width < width / 3 && $0 / width > height / 2 })
        let shown = try PixelMask(width: width, height: height, pixels: [Bool](repeating: true, count: width * height))
        let spot = try PixelMask(
            width: width, height: height, pixels: (0..<width * height).map { $0 % width < 20 && $0 / width > 190 })
        let (measured, clean) = try await network.session.perform { evaluator in
            let clean = try ClassificationPass(network, input, on: evaluator).scores[1]
            let measured = try await Counterfactuals.measure(
                network, input: input, classIndex: 1, score: clean, region: region, spots: [spot], shown: shown,
                box: nil, on: evaluator)
            return (measured, clean)
        }
        func asked(_ mask: PixelMask, _ filling: Filling) async throws -> (score: Double, probability: Double) {
            let filled = try filling.fill(input, mask)
            return try await network.session.perform { evaluator in
                let pass = try ClassificationPass(network, filled, on: evaluator)
                return (Double(pass.scores[1]), Double(pass.probabilities?[1] ?? .nan))
            }
        }
        let without = try #require(measured.without), only = try #require(measured.only)
        for (filling, hidden, alone) in [
            (Filling.blurred, without.blurred, only.blurred), (.mean, without.mean, only.mean),
            (.inpainted, without.inpainted, only.inpainted),
        ] {
            #expect(abs(hidden - (try await asked(region, filling)).probability) < 1e-5)
            #expect(abs(alone - (try await asked(region.complement, filling)).probability) < 1e-5)
        }
        let values = try #require(measured.spot).values
        #expect(abs(values.without - (try await asked(spot, .blurred)).probability) < 1e-5)
        #expect(abs(values.alone - (try await asked(spot.complement, .blurred)).probability) < 1e-5)
        #expect(measured.elsewhere?.places == 4 && measured.box == nil)
        let losses = try #require(measured.losses)
        let pieces = EqualPieces.pieces(of: region, in: shown)
        for (piece, loss) in zip(pieces.on + pieces.beside, losses.onAnimal + losses.beside) {
            #expect(abs(Double(clean) - (try await asked(piece, .mean)).score - loss) < 1e-4)
        }
        #expect(losses.onAnimal.count + losses.beside.count == 8)
    }

    @Test("the same box has the same evidence")
    func determinism() async throws {
        let box = PixelBox(x: 30, y: 20, width: 90, height: 100)
        #expect(try await Self.readings(box) == Self.readings(box))
    }

    @Test(
        "boxes that are not in the image are refused",
        arguments: [
            PixelBox(x: -1, y: 0, width: 5, height: 5), PixelBox(x: 0, y: 0, width: 0, height: 5),
            PixelBox(x: 0, y: 0, width: 4000, height: 5), PixelBox(x: .max, y: 0, width: 5, height: 5),
        ])
    func badBox(box: PixelBox) async throws {
        await #expect(throws: LocalizationError.self) { _ = try await Self.readings(box) }
    }

    @Test(
        "older readers are told the verdict in the words that they know",
        arguments: [
            (Verdict.Word.looksAtAnimal, "decides-on-box"), (.looksPartly, "decides-partly"),
            (.undecided, "decides-partly"), (.looksElsewhere, "decides-elsewhere"),
        ])
    func oldWords(word: Verdict.Word, old: String) {
        #expect(Evidence.Word(word).rawValue == old)
    }

    @Test("the sentence is one that people can read, and never repeats a number that nobody measured")
    func sentence() {
        func evidence(elsewhere: Double?) -> Evidence {
            Evidence(
                probability: 0.993, box: .init(hidden: 0.08, only: 0.98, elsewhere: elsewhere), verdict: .looksAtAnimal)
        }
        #expect(
            evidence(elsewhere: 0.99).sentence(label: "dog")
                == "Hiding the box: dog 99 % → 8 %. Hiding as much elsewhere: 99 %.")
        #expect(evidence(elsewhere: nil).sentence(label: "dog").contains("smaller than the box"))
    }
}
