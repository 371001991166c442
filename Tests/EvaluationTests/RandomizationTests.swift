import Evaluation
import Interpretation
import Networks
import Tensors
import Testing

@Suite struct RandomizationTests {
    @Test func theUpperLayersForgetAndTheLowerOnesDoNot() throws {
        let graph = try Expected.petshop().network.graph
        let randomization = WeightRandomization(graph)
        #expect(randomization.layers.count == 9)
        #expect(randomization.counts == Array(1...9))
        func changed(_ other: Graph) -> Int {
            graph.constants.count { value, constant in
                (constant.tensor?.shape.rank ?? 0) >= 2 && other.constants[value] != constant
            }
        }
        for count in [0, 1, 4, 9] { #expect(changed(randomization.graph(randomizing: count, seed: 7)) == count) }
        // The same seed gives the same weights, and what was random stays so a step further down.
        let (one, two) = (randomization.graph(randomizing: 1, seed: 7), randomization.graph(randomizing: 2, seed: 7))
        let random = one.constants.filter { graph.constants[$0.key] != $0.value }
        #expect(!random.isEmpty && random.allSatisfy { two.constants[$0.key] == $0.value })
        // Normal with the trained weights' deviation.
        let (value, constant) = try #require(random.first { ($0.value.tensor?.shape.rank ?? 0) >= 2 })
        func deviation(_ tensor: Tensor) -> Double {
            let mean = tensor.values.reduce(0.0) { $0 + Double($1) } / Double(tensor.count)
            return (tensor.values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(tensor.count))
                .squareRoot()
        }
        let ratio = deviation(try #require(constant.tensor)) / deviation(try #require(graph.constants[value]?.tensor))
        #expect(abs(ratio - 1) < 0.15)
    }

    @Test func likenessIsOfMagnitudes() throws {
        let map = try Expected.tensor("map")
        let opposite = try Tensor(shape: map.shape, values: map.values.map { -2 * $0 })
        let same = MapLikeness(map, opposite)
        #expect(abs(same.correlation - 1) < 1e-9)
        #expect(abs(try #require(same.similarity) - 1) < 1e-6)
        let other = MapLikeness(map, try Expected.tensor("other"))
        #expect(abs(other.correlation) < 0.3)
        #expect(MapLikeness(map, Tensor(shape: map.shape)).correlation == 0)
        #expect(MapLikeness.verdict(0.6) == .fails && MapLikeness.verdict(0.4) == .partly)
        #expect(MapLikeness.verdict(0.1) == .passes)
    }
}
