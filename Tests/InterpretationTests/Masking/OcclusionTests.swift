import Execution
import Foundation
import Interpretation
import Networks
import Synchronization
import Tensors
import Testing

/// What is computed incrementally, and what is left out, against plain passes over hidden images.
@Suite("Occlusion") struct OcclusionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let window: Int
        let stride: Int
        let fill: ParameterValue
        /// What the fill shows at a pixel of channel c, given that channel's mean.
        let color: @Sendable (_ channel: Int, _ mean: Float) -> Float

        var testDescription: String { "window \(window), stride \(stride), fill \(fill)" }
    }

    static let cases = [
        Case(window: 32, stride: 16, fill: .text("zero")) { _, _ in 0 },
        Case(window: 17, stride: 13, fill: .text("mean")) { _, mean in mean },
        Case(window: 9, stride: 9, fill: .text("0.5,-1,2")) { channel, _ in [0.5, -1, 2][channel] },
        Case(window: 80, stride: 40, fill: .number(-0.25)) { _, _ in -0.25 },
        Case(window: 90, stride: 7, fill: .number(1)) { _, _ in 1 },
    ]

    /// Petshop's photo is 96 by 80: windows are cut off at the edges, and one covers whole columns.
    @Test("the map is what the network says of each hidden image", arguments: cases)
    func exact(hiding: Case) async throws {
        let (network, input) = try Fixtures.petshop()
        let explanation = try await network.explain(
            "occlusion", input, classIndex: 0,
            ["window": .number(Double(hiding.window)), "stride": .number(Double(hiding.stride)), "fill": hiding.fill])
        let scores = try #require(explanation.furtherMaps["score"])
        let (rows, columns) = (scores.shape[0], scores.shape[1])
        let image = input.shape.dimensions
        let plane = image[2] * image[3]
        let means = (0..<image[1]).map { channel in
            Float((0..<plane).reduce(0.0) { $0 + Double(input[channel * plane + $1]) } / Double(plane))
        }
        let magnitude = scores.magnitude
        for place in Set([0, columns - 1, rows * columns / 2, rows * columns - columns, rows * columns - 1]) {
            var hidden = input
            let (top, left) = (place / columns * hiding.stride, place % columns * hiding.stride)
            for channel in 0..<image[1] {
                for y in top..<min(top + hiding.window, image[2]) {
                    for x in left..<min(left + hiding.window, image[3]) {
                        hidden[channel * plane + y * image[3] + x] = hiding.color(channel, means[channel])
                    }
                }
            }
            let asked = hidden
            let pass = try await network.session.perform { (evaluator) throws(InterpretationError) in
                try ClassificationPass(network, asked, on: evaluator).scores
            }
            #expect(abs(scores[place] - pass[0]) < 1e-4 * max(magnitude, 1), "place \(place)")
            #expect(abs(explanation.map[place] - softmax(pass)[0]) < 1e-4)
        }
    }

    @Test("an adaptive map keeps to its tolerance, and comes with the error measured at places drawn at random")
    func adaptive() async throws {
        let (network, input) = try Fixtures.petshop()
        let grid: [String: ParameterValue] = ["window": .number(24), "stride": .number(2)]
        let exact = try await network.explain("occlusion", input, classIndex: 0, grid)
        #expect(exact.approximation == nil)
        let places = exact.map.count
        for (tolerance, most) in [(0.2, 0.7), (0.3, 0.5)] {
            let adaptive = try await network.explain(
                "occlusion", input, classIndex: 0,
                grid.merging(["precision": .text("adaptive"), "tolerance": .number(tolerance)]) { $1 })
            let approximation = try #require(adaptive.approximation)
            let side = max(24, 0.01 * Double(places)).squareRoot().rounded(.up)
            #expect(approximation.places == places && approximation.sampled == Int(side * side))
            #expect(approximation.computed >= approximation.sampled)
            #expect(Double(approximation.computed) < most * Double(places))
            let (a, b) = (try #require(adaptive.furtherMaps["score"]), try #require(exact.furtherMaps["score"]))
            // The tolerance is what is expected; half as much again is left to chance.
            #expect(Self.error(a.values, b.values) < 1.5 * tolerance)
            #expect(Self.error(adaptive.map.values, exact.map.values) < 1.5 * tolerance)
            // No sample is worse than the worst place.
            #expect(approximation.rootMeanSquareError <= approximation.largestError)
            #expect(try #require(approximation.correlation) > 0.95)
        }
    }

    @Test("a tighter tolerance asks at more places, and the tightest at all")
    func tolerances() async throws {
        let (network, input) = try Fixtures.petshop()
        var computed: [Int] = []
        for tolerance in [0.5, 0.1, 0.001] {
            let adaptive = try await network.explain(
                "occlusion", input, classIndex: 1,
                [
                    "window": .number(24), "stride": .number(6), "precision": .text("adaptive"),
                    "tolerance": .number(tolerance),
                ])
            computed.append(try #require(adaptive.approximation).computed)
            if tolerance == 0.001 { #expect(computed.last == adaptive.map.count) }
        }
        #expect(computed == computed.sorted() && computed[0] < computed[2])
    }

    @Test("several classes, contrasts and probabilities are estimated together")
    func targets() async throws {
        let (network, input) = try Fixtures.petshop()
        let parameters: [String: ParameterValue] = ["window": .number(20), "stride": .number(4)]
        let adaptive = parameters.merging(["precision": .text("adaptive")]) { $1 }
        func explained(_ parameters: [String: ParameterValue]) async throws -> [Explanation] {
            let question = Question(
                network: network, input: input, against: 2, isProbability: true, parameters: parameters)
            return try await network.session.perform { (evaluator) throws(InterpretationError) in
                try await Occlusion().explanations(of: question, classes: [0, 1], on: evaluator)
            }
        }
        let (estimated, exact) = (try await explained(adaptive), try await explained(parameters))
        for (a, b) in zip(estimated, exact) {
            #expect(a.classIndex == b.classIndex)
            #expect(Self.error(a.map.values, b.map.values) < 0.3)
            #expect(a.map.values.allSatisfy { 0...1 ~= $0 })
        }
        let again = try await explained(adaptive)
        #expect(zip(estimated, again).allSatisfy { $0.map.values == $1.map.values }, "same seed, same bits")
    }

    /// Root of the mean square, relative to the standard deviation of what is right.
    private static func error(_ values: [Float], _ right: [Float]) -> Double {
        let count = Double(right.count)
        let mean = right.reduce(0) { $0 + Double($1) } / count
        let variance = right.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let square = zip(values, right).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / count
        return (square / variance).squareRoot()
    }

    @Test("a cap on how far changes are followed is an approximation, and said to be one")
    func fieldCap() async throws {
        let (network, input) = try Fixtures.petshop()
        let capped = try await network.explain(
            "occlusion", input, classIndex: 0,
            ["window": .number(24), "stride": .number(6), "precision": .text("adaptive"), "field-cap": .number(0.3)])
        #expect(try #require(capped.approximation).largestError > 0)
    }

    @Test("an exact map takes no parameters of the adaptive one", arguments: ["tolerance", "field-cap", "seed"])
    func strangers(name: String) async throws {
        let (network, input) = try Fixtures.petshop()
        await #expect(throws: InterpretationError.self) {
            try await network.explain("occlusion", input, [name: .number(0.5)])
        }
    }

    @Test("the map can be watched while it grows")
    func growth() async throws {
        let (network, input) = try Fixtures.petshop()
        let seen = Mutex<[Int]>([])
        let question = Question(
            network: network, input: input, parameters: ["window": .number(16), "stride": .number(8)],
            partialMap: { map in
                #expect(map.values.count == map.rows * map.columns)
                let known = map.values.count { $0.isFinite }
                seen.withLock { $0.append(known) }
            })
        let explanation = try await network.session.perform { (evaluator) throws(InterpretationError) in
            try await Occlusion().explain(question, on: evaluator)
        }
        let counts = seen.withLock { $0 }
        #expect(counts.count > 1 && counts == counts.sorted() && counts.last == explanation.map.count)
    }
}
