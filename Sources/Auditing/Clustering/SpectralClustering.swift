/// Spectral clustering of maps as spectral relevance analysis does it (Lapuschkin et al. 2019, "Unmasking Clever Hans
/// predictors"): a graph of nearest neighbours, the eigenvectors of its normalized Laplacian (von Luxburg 2007), as many
/// groups as the largest gap between eigenvalues says, and k-means on the rows of as many eigenvectors, each brought to
/// length 1 (Ng, Jordan and Weiss 2001).
public struct SpectralClustering: Sendable {
    public struct Settings: Sendable, Hashable {
        /// Of each point in the graph.
        public var neighbours: Int
        /// The most groups that are looked for.
        public var mostGroups: Int

        public init(neighbours: Int = 10, mostGroups: Int = 8) {
            self.neighbours = neighbours
            self.mostGroups = mostGroups
        }
    }

    /// Of each point, 0..<``groupCount``; groups are numbered by the first point that they have.
    public let groups: [Int]
    public let groupCount: Int
    /// The smallest of the Laplacian: one more than groups are looked for.
    public let eigenvalues: [Double]
    /// Where each point lies in a plane: its entries in the second and third eigenvector.
    public let places: [(x: Double, y: Double)]

    /// - Parameter onProgress: called with the share that is done, 0…1; what it throws ends the work.
    public init(
        of points: Points, _ settings: Settings = Settings(), onProgress: (Double) throws -> Void
    ) rethrows {
        // Comparing all pairs is nearly all of the work.
        let neighbours = try NearestNeighbours(of: points, count: settings.neighbours) { share in
            try onProgress(0.9 * share)
        }
        let graph = AffinityGraph(neighbours, points: points.count)
        let embedding = try SpectralEmbedding(of: graph, count: max(settings.mostGroups + 1, 3)) {
            try onProgress(0.9)
        }
        let searched = Array(embedding.eigenvalues.prefix(settings.mostGroups + 1))
        eigenvalues = searched
        groupCount = SpectralClustering.largestGap(in: searched)
        let vectors = embedding.eigenvectors
        let rows = (0..<points.count).map { [groupCount] index in
            SpectralClustering.unit(vectors.prefix(groupCount).map { $0[index] })
        }
        groups = KMeans(of: rows, count: groupCount).groups
        func entry(_ vector: Int, _ index: Int) -> Double {
            vectors.indices.contains(vector) ? vectors[vector][index] : 0
        }
        places = (0..<points.count).map { (entry(1, $0), entry(2, $0)) }
        try onProgress(1)
    }

    /// How many eigenvalues lie before the largest gap; of equal gaps the first counts. 1 for fewer than two eigenvalues.
    ///
    /// - Parameter eigenvalues: smallest first.
    static func largestGap(in eigenvalues: [Double]) -> Int {
        let gaps = zip(eigenvalues.dropFirst(), eigenvalues).map { $0 - $1 }
        return gaps.indices.max { gaps[$0] < gaps[$1] }.map { $0 + 1 } ?? 1
    }

    private static func unit(_ row: [Double]) -> [Double] {
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? row.map { $0 / length } : row
    }
}
