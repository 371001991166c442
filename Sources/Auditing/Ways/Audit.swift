/// In which ways a network decides, over many photos, and what speaks against each.
public struct Audit: Sendable {
    /// Of one class.
    public struct ClassResult: Sendable {
        public let classIndex: Int
        public let photos: Int
        /// How many ways the largest gap between eigenvalues says there are.
        public let ways: Int
        /// The smallest of the graph's Laplacian; empty where there were too few photos to make a graph of.
        public let eigenvalues: [Double]
        /// Of each photo of the class: its position among all, and where it lies in the plane of the second and third
        /// eigenvector.
        public let places: [(photo: Int, x: Double, y: Double)]
    }

    /// What should be looked at first comes first.
    public let ways: [WayOfDeciding]
    /// In the order of their indices.
    public let classes: [ClassResult]

    /// Fewer photos of a class are one way: a graph of them would be neighbours all.
    public static let fewestForGraph = 24

    /// Each class by itself.
    ///
    /// - Parameter onProgress: called with the share of the work that is done, 0…1; what it throws ends the work.
    public init(
        of photos: [AuditedPhoto], _ settings: SpectralClustering.Settings = .init(),
        onProgress: (Double) throws -> Void
    ) rethrows {
        var ways: [WayOfDeciding] = []
        var results: [ClassResult] = []
        let classes = Dictionary(grouping: photos.indices) { photos[$0].classIndex }.sorted { $0.key < $1.key }
        // Pairs are compared.
        func work(_ members: [Int]) -> Double { Double(members.count * members.count) }
        let all = max(classes.reduce(0) { $0 + work($1.value) }, 1)
        var done = 0.0
        for (classIndex, members) in classes {
            let clustering =
                members.count < Self.fewestForGraph
                ? nil
                : try SpectralClustering(of: Points(members.map { photos[$0].point }), settings) { share in
                    try onProgress((done + share * work(members)) / all)
                }
            done += work(members)
            let groups = Dictionary(grouping: members.indices) { clustering?.groups[$0] ?? 0 }
            for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
                ways.append(WayOfDeciding(group.map { members[$0] }, of: photos, among: members))
            }
            results.append(
                ClassResult(
                    classIndex: classIndex, photos: members.count, ways: groups.count,
                    eigenvalues: clustering?.eigenvalues ?? [],
                    places: (clustering?.places ?? []).enumerated().map { (members[$0], $1.x, $1.y) }))
        }
        self.ways = ways.enumerated().sorted { Audit.precedes($0, $1) }.map(\.element)
        self.classes = results
    }

    /// By suspicion; then what comes from one place; then what is frequent.
    private static func precedes(
        _ a: (offset: Int, element: WayOfDeciding), _ b: (offset: Int, element: WayOfDeciding)
    ) -> Bool {
        func rank(_ way: (offset: Int, element: WayOfDeciding)) -> (Double, Int, Int, Int) {
            (-way.element.suspicion, -way.element.flags.count, -way.element.members.count, way.offset)
        }
        return rank(a) < rank(b)
    }
}
