import Auditing
import Foundation
import Testing

/// Against scikit-learn and SciPy: Tests/Fixtures/auditing/spectral.json, written by Conformance/make_audit_fixtures.py.
@Suite struct SpectralClusteringTests {
    private struct Fixture: Decodable {
        let neighbours: Int
        let cases: [String: Case]
    }

    private struct Case: Decodable {
        let points: [[Float]]
        let neighbours: [[Int]]
        let eigenvalues: [Double]
        let leverages: [Double]
        let groups: [Int]
        let inertia: Double
    }

    private let fixture: Fixture

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/auditing/spectral.json").standardizedFileURL
        fixture = try JSONDecoder().decode(Fixture.self, from: try Data(contentsOf: file))
    }

    private static let names = ["joined", "apart", "one"]

    @Test(arguments: names) func nearestNeighboursAreScikitLearns(name: String) throws {
        let expected = try #require(fixture.cases[name])
        let found = NearestNeighbours(of: Points(expected.points), count: fixture.neighbours) { _ in }
        for index in expected.points.indices {
            #expect(found.neighbours(of: index).sorted() == expected.neighbours[index])
        }
    }

    /// Both are converged to 1e-8 and better; an eigenvalue is off by the square of that.
    @Test(arguments: names) func eigenvaluesAndTheirSpaceAreSciPys(name: String) throws {
        let expected = try #require(fixture.cases[name])
        let points = Points(expected.points)
        let graph = AffinityGraph(
            NearestNeighbours(of: points, count: fixture.neighbours) { _ in }, points: points.count)
        let embedding = SpectralEmbedding(of: graph, count: expected.eigenvalues.count) {}
        #expect(embedding.residual < 1e-7)
        for (value, reference) in zip(embedding.eigenvalues, expected.eigenvalues) {
            #expect(abs(value - reference) < 1e-10)
        }
        // Of equal eigenvalues any basis will do; what it spans is the same.
        let count = Set(expected.groups).count
        for (index, leverage) in expected.leverages.enumerated() {
            let found = embedding.eigenvectors.prefix(count).reduce(0) { $0 + $1[index] * $1[index] }
            #expect(abs(found - leverage) < 1e-7)
        }
    }

    @Test(arguments: names) func groupsAreScikitLearns(name: String) throws {
        let expected = try #require(fixture.cases[name])
        let clustering = SpectralClustering(
            of: Points(expected.points),
            SpectralClustering.Settings(neighbours: fixture.neighbours, mostGroups: expected.eigenvalues.count - 1)
        ) { _ in }
        #expect(clustering.groupCount == Set(expected.groups).count)
        // The same parts, whatever their numbers.
        let pairs = Set(zip(clustering.groups, expected.groups).map { [$0, $1] })
        #expect(pairs.count == clustering.groupCount)
    }

    @Test func groupsAreNumberedByTheirFirstPoint() {
        let points: [[Double]] = [[5, 5], [0, 0], [5, 5.1], [0.1, 0], [9, 0]]
        let found = KMeans(of: points, count: 3)
        #expect(found.groups == [0, 1, 0, 1, 2])
        #expect(abs(found.inertia - 0.01) < 1e-12)
    }

    @Test(arguments: [0, 1, 2, 3]) func fewPointsAreOneGroupOrNone(count: Int) {
        let clustering = SpectralClustering(of: Points((0..<count).map { [Float($0), 1] })) { _ in }
        #expect(clustering.groups.count == count)
        #expect(clustering.groups.allSatisfy { (0..<clustering.groupCount).contains($0) })
        #expect(clustering.places.count == count)
    }

    @Test func whatProgressThrowsEndsTheWork() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try SpectralClustering(of: Points((0..<40).map { [Float($0)] })) { _ in throw Stop() }
        }
    }
}
