import Localization
import Testing

@Suite("Graph cut")
struct GraphCutTests {
    /// A grid with seeded capacities.
    struct Problem {
        let width: Int
        let height: Int
        var source: [Double] = []
        var sink: [Double] = []
        /// Capacity to the right, down-left, down and down-right neighbour.
        var edges: [[Double]] = []

        init(width: Int, height: Int, seed: UInt64, sparseness: UInt64) {
            self.width = width
            self.height = height
            var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
            func draw() -> Double {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return state % sparseness == 0 ? Double(state >> 40 & 31) : Double(state >> 40 & 3)
            }
            for _ in 0..<width * height {
                source.append(draw())
                sink.append(draw())
                edges.append((0..<4).map { _ in draw() })
            }
        }

        func solved() -> (cut: GraphCut, inside: [Bool]) {
            var cut = GraphCut(width: width, height: height)
            for pixel in source.indices {
                cut.setTerminals(pixel, source: source[pixel], sink: sink[pixel])
                for (index, capacity) in edges[pixel].enumerated() { cut.setEdge(pixel, 4 + index, capacity) }
            }
            let inside = cut.solve()
            return (cut, inside)
        }

        func cost(of inside: [Bool]) -> Double {
            let grid = GraphCut(width: width, height: height)
            var cost = 0.0
            for pixel in source.indices {
                cost += inside[pixel] ? sink[pixel] : source[pixel]
                for (index, capacity) in edges[pixel].enumerated() {
                    if let next = grid.existingNeighbour(pixel, 4 + index), inside[next] != inside[pixel] {
                        cost += capacity
                    }
                }
            }
            return cost
        }
    }

    @Test("on small grids no other cut is cheaper", arguments: 0..<60)
    func exhaustive(seed: Int) {
        let problem = Problem(width: 4, height: 3, seed: UInt64(seed + 1), sparseness: UInt64(2 + seed % 4))
        let (cut, inside) = problem.solved()
        var cheapest = Double.infinity
        for code in 0..<1 << 12 {
            cheapest = min(cheapest, problem.cost(of: (0..<12).map { code >> $0 & 1 == 1 }))
        }
        #expect(problem.cost(of: inside) == cheapest)
        #expect(cut.flow == cheapest)
    }

    @Test("on large grids the cut costs what flows: a proof that it is minimal", arguments: 1...12)
    func duality(seed: Int) {
        let problem = Problem(width: 40 + seed, height: 31, seed: UInt64(seed), sparseness: UInt64(1 + seed))
        let (cut, inside) = problem.solved()
        #expect(problem.cost(of: inside) == cut.flow)
        #expect(cut.flow > 0)
    }

    @Test("a single pixel goes where it is drawn")
    func onePixel() {
        for (source, sink) in [(2.0, 1.0), (1.0, 2.0)] {
            var cut = GraphCut(width: 1, height: 1)
            cut.setTerminals(0, source: source, sink: sink)
            #expect(cut.solve() == [source > sink])
            #expect(cut.flow == 1)
        }
    }
}
