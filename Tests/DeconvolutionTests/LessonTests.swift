import Deconvolution
import Testing

@Suite("The lesson's claims") struct LessonTests {
    @Test("n = 8 padded by 2, f = 4, s = 2: five windows over twelve values")
    func sizes() throws {
        let lesson = try DeconvolutionLesson.example()
        #expect(lesson.axis.paddedLength == 12 && lesson.axis.outputs == 5)
        #expect(lesson.matrix.rows == 5 && lesson.matrix.columns == 12)
        #expect(lesson.matrix.row(1) == [0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0])
        #expect(lesson.spread.count == 15)
        #expect(lesson.subPixel == lesson.transposed)
        // 0·1 + 0·2 + 3·3 − 1·4, worked out by hand.
        #expect(lesson.output[0] == 5)
        #expect(lesson.transposed[0] == 5 && lesson.transposed[1] == 10)
    }

    @Test("the transpose gives x back where W is square and orthonormal, and nowhere else here")
    func inverse() throws {
        let trips = try DeconvolutionLesson.example().roundTrips
        for trip in trips { #expect((trip.distance < 1e-12) == (trip.isSquare && trip.areRowsOrthonormal), "\(trip)") }
        #expect(trips.map(\.isSquare) == [false, false, true])
        #expect(trips.map(\.areRowsOrthonormal) == [false, true, true])
    }

    @Test("orthonormal rows project: what is left over is orthogonal to what comes back")
    func projection() throws {
        let axis = try WindowAxis(length: 12, filter: 4, stride: 4)
        let matrix = try ConvolutionMatrix(filter: [0.5, 0.5, 0.5, 0.5], axis: axis)
        let x: [Double] = [3, -1, 4, 1, -5, 9, 2, -6, 5, 3, -5, 8]
        let back = try matrix.transposedConvolution(of: matrix.convolution(of: x))
        let product = zip(back, x).reduce(0) { $0 + $1.0 * ($1.1 - $1.0) }
        #expect(abs(product) < 1e-12)
        #expect(back != x)
    }

    @Test("the edge filter's rows are orthogonal unless a multiple of the stride is 4")
    func edgeFilter() throws {
        let edges = try DeconvolutionLesson.example().edges
        #expect(edges.map(\.stride) == [1, 2, 3, 4, 5, 6])
        #expect(edges.map(\.areRowsOrthogonal) == [false, false, true, false, true, true])
        #expect(edges.allSatisfy { !$0.areRowsOrthonormal })
        for edge in edges {
            for index in 0..<edge.outputs { #expect(edge.gram[index, index] == 2) }
        }
        // Stride 2: windows two apart overlap in one value, −1 · 1.
        #expect(edges[1].gram[0, 2] == -1 && edges[1].gram[0, 1] == 0)
    }

    @Test("with too few rows strides 1 and 2 are orthogonal as well")
    func fewRows() throws {
        let few = try ConvolutionMatrix(filter: [-1, 0, 0, 0, 1], axis: WindowAxis(length: 8, filter: 5))
        #expect(few.matrix.rows == 4 && few.matrix.gram.largestOffDiagonal == 0)
    }

    @Test("the text shows every matrix and says what the edge filter's Gram matrix says")
    func text() throws {
        let text = try DeconvolutionLesson.example().text
        #expect(text.contains("n_y = (n + 2p − f)/s + 1 = (12 − 4)/2 + 1 = 5"))
        #expect(text.contains("  · · 1 2 3 4 · · · · · ·"))
        #expect(text.contains("stride 3: 3 rows, orthogonal"))
        #expect(text.contains("stride 4: 2 rows, NOT orthogonal"))
        #expect(text.contains("largest difference to Wᵀ·y: 0"))
    }

    @Test(
        "numbers that make no convolution are refused",
        arguments: [
            ([1.0], 0, 1, 0), ([1, 2, 3], 2, 1, 0), ([1], 4, 0, 0), ([1], 4, 1, -1), ([1], 33, 1, 0),
            ([.infinity], 4, 1, 0),
            ([], 4, 1, 0),
        ])
    func refusals(filter: [Double], length: Int, stride: Int, padding: Int) {
        #expect(throws: DeconvolutionError.self) {
            try DeconvolutionLesson(filter: filter, length: length, stride: stride, padding: padding)
        }
    }
}
