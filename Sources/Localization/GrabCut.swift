import Foundation

/// Cuts an object out of a photo by colour and edges (Rother, Kolmogorov and Blake 2004, "GrabCut"): a mixture of
/// colours for the object and one for the rest, and the cheapest border between, which prefers to run along edges;
/// mixtures and border are improved in turn.
public struct GrabCut: Sendable {
    /// What is known of a pixel beforehand.
    public enum Seed: Sendable, Hashable {
        case foreground, background
        /// Belongs to no mixture at first.
        case unknown
    }

    /// Gaussians per mixture.
    public var components: Int
    /// How often mixtures and border are improved.
    public var iterations: Int
    /// What a border between two pixels of the same colour costs; the paper's value is 50.
    public var smoothness: Double
    /// Whether seeds keep their side whatever their colour; otherwise they only teach the mixtures.
    public var keepsSeeds: Bool

    public init(components: Int = 5, iterations: Int = 5, smoothness: Double = 50, keepsSeeds: Bool = false) {
        self.components = components
        self.iterations = iterations
        self.smoothness = smoothness
        self.keepsSeeds = keepsSeeds
    }

    /// - Parameters:
    ///   - rgb: red, green, blue of each pixel, row by row: width·height·3 bytes.
    ///   - seeds: one per pixel, row by row.
    /// - Throws: `sizeMismatch`; `noContrast` where foreground or background has no seed.
    public func mask(rgb: [UInt8], width: Int, height: Int, seeds: [Seed]) throws(LocalizationError) -> PixelMask {
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0, !overflow, seeds.count == count, rgb.count / 3 == count, rgb.count % 3 == 0 else {
            throw .sizeMismatch(
                "a photo of \(width)×\(height) pixels cannot have \(rgb.count) bytes and \(seeds.count) seeds")
        }
        let colours = (0..<count).map { pixel in
            SIMD3(Double(rgb[pixel * 3]), Double(rgb[pixel * 3 + 1]), Double(rgb[pixel * 3 + 2]))
        }
        let foreground = colours.indices.filter { seeds[$0] == .foreground }.map { colours[$0] }
        let background = colours.indices.filter { seeds[$0] == .background }.map { colours[$0] }
        guard !foreground.isEmpty, !background.isEmpty else { throw .noContrast }
        var object = ColourMixture(fitting: foreground, count: components)
        var rest = ColourMixture(fitting: background, count: components)

        let edges = Edges(colours: colours, width: width, height: height, smoothness: smoothness)
        var isInside: [Bool] = []
        for iteration in 0..<max(iterations, 1) {
            if iteration > 0 {
                let inside = colours.indices.filter { isInside[$0] }.map { colours[$0] }
                let outside = colours.indices.filter { !isInside[$0] }.map { colours[$0] }
                // One side has won; there is nothing left to learn.
                guard !inside.isEmpty, !outside.isEmpty else { break }
                object.refit(to: inside)
                rest.refit(to: outside)
            }
            var cut = GraphCut(width: width, height: height)
            edges.set(in: &cut)
            for pixel in colours.indices {
                let (toObject, toRest) = (object.cost(of: colours[pixel]), rest.cost(of: colours[pixel]))
                // Only the difference matters, and capacities must not be negative.
                let lower = min(toObject, toRest)
                var (source, sink) = (toRest - lower, toObject - lower)
                if keepsSeeds, seeds[pixel] != .unknown {
                    // More than all edges of a pixel together.
                    let bound = 9 * smoothness
                    (source, sink) = seeds[pixel] == .foreground ? (bound, 0) : (0, bound)
                }
                cut.setTerminals(pixel, source: source, sink: sink)
            }
            let next = cut.solve()
            if next == isInside { break }
            isInside = next
        }
        return PixelMask(unchecked: isInside, width: width)
    }
}

/// What a border costs: smoothness·exp(−β·‖Δcolour‖²) / distance, with β such that the mean difference of neighbours
/// counts as little contrast.
private struct Edges {
    private let colours: [SIMD3<Double>]
    private let contrast: Double
    private let smoothness: Double
    /// Of each pair of neighbours the one that comes first.
    private static let forward = 4..<8

    init(colours: [SIMD3<Double>], width: Int, height: Int, smoothness: Double) {
        self.colours = colours
        self.smoothness = smoothness
        let grid = GraphCut(width: width, height: height)
        var (sum, count) = (0.0, 0)
        for pixel in colours.indices {
            for direction in Edges.forward {
                guard let next = grid.existingNeighbour(pixel, direction) else { continue }
                let difference = colours[pixel] - colours[next]
                sum += (difference * difference).sum()
                count += 1
            }
        }
        contrast = sum > 0 ? Double(count) / (2 * sum) : 0
    }

    func set(in cut: inout GraphCut) {
        for pixel in colours.indices {
            for direction in Edges.forward {
                guard let next = cut.existingNeighbour(pixel, direction) else { continue }
                let difference = colours[pixel] - colours[next]
                let (dx, dy) = GraphCut.directions[direction]
                let distance = dx != 0 && dy != 0 ? 2.0.squareRoot() : 1
                cut.setEdge(
                    pixel, direction, smoothness / distance * exp(-contrast * (difference * difference).sum()))
            }
        }
    }
}
