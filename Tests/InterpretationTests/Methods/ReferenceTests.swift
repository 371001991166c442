import Interpretation
import Tensors
import Testing

@Suite("Methods answer as Captum, pytorch-grad-cam and zennit do")
struct ReferenceTests {
    @Test("the networks give PyTorch's scores", arguments: ["petshop", "residual", "capped"])
    func scores(name: String) async throws {
        let network = try Fixtures.network(name)
        let explanation = try await network.explain("gradient", try Fixtures.tensor("\(name).input.npy"))
        let expected = try Fixtures.tensor("\(name).scores.npy")
        let scores = try Tensor(shape: expected.shape, values: explanation.scores)
        #expect(scores.relativeError(to: expected) < 1e-5)
    }

    @Test("every fixture is reproduced", arguments: try #require(Fixtures.catalog).cases)
    func reference(_ item: Fixtures.Case) async throws {
        let catalog = try #require(Fixtures.catalog)
        let network = try Fixtures.network(item.network)
        let explanation = try await network.explain(
            item.method, try Fixtures.tensor("\(item.network).input.npy"), classIndex: item.class,
            against: item.against, isProbability: item.probability ?? false,
            (item.parameters ?? [:]).mapValues(\.parameter))
        #expect(explanation.classIndex == item.class)
        if let file = item.attribution {
            let attribution = try #require(explanation.attribution)
            let error = try attribution.thinned(step: catalog.step, offset: catalog.offset)
                .relativeError(to: Fixtures.tensor(file))
            #expect(error < item.tolerance, "attribution of \(item.name)")
            if ProcessSettings.isVerbose { print("MEASURED", item.name, "attribution", error) }
        }
        if let file = item.map {
            let error = try explanation.map.thinned(step: item.mapStep ?? 1, offset: 0)
                .relativeError(to: Fixtures.tensor(file))
            #expect(error < item.tolerance, "map of \(item.name)")
            if ProcessSettings.isVerbose { print("MEASURED", item.name, "map", error) }
        }
    }
}
