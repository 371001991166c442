import Execution
import Networks
import Tensors
import Testing

/// Computing what changes gives what computing everything gives.
@Suite struct WindowSweepTests {
    /// Of the score's magnitude: the same sums in another order.
    static let tolerance: Float = 1e-4

    @Test(arguments: 0..<120)
    func aSweepGivesWhatEachHiddenImageGives(seed: Int) async throws {
        var network = try RandomNetwork(seed: seed)
        let (height, width) = (network.imageShape[2], network.imageShape[3])
        let image = try network.generator.tensor(network.imageShape.dimensions)
        let fill = try network.generator.tensor(network.imageShape.dimensions)
        let window = 1 + network.generator.below(min(height, width) - 1)
        let stride = 1 + network.generator.below(max(window, 2) + 2)
        let request = WindowSweep.Request(
            imageShape: network.imageShape, rows: Self.ranges(height, window, stride),
            columns: Self.ranges(width, window, stride), target: network.scores,
            takesBatches: !network.generator.chance(15), memory: [1 << 14, 1 << 22, 256 << 20][seed % 3],
            mode: seed % 4 == 3 ? .automatic : .incremental)
        let places = request.rows.indices.flatMap { row in
            request.columns.indices.map { WindowSweep.Place(row: row, column: $0) }
        }.filter { _ in network.generator.chance(60) }
        // Sweeps may be computed by another algorithm than whole images are.
        let algorithms: [AlgorithmChoice] = [
            .standard, .preferring(ConvolutionAlgorithm(.toomCook, .library)),
            .preferring(ConvolutionAlgorithm(.winograd, .blocked)),
        ]
        let session = try InferenceSession(
            graph: network.graph, threads: 1 + seed % 2, algorithms: algorithms[seed % 3])
        let operations = network.graph.nodes.map(\.operation.name)
        try await session.perform { (evaluator) throws(any Error) in
            let sweep = try evaluator.sweep(request, image: image)
            var swept: [WindowSweep.Place: [Float]] = [:]
            let shown = try sweep.show(image: image, fill: fill)
            try await shown.run(places: places) { places, targets in
                for (place, target) in zip(places, targets) { swept[place] = target }
                return true
            }
            #expect(swept.count == places.count)
            #expect(shown.target.relativeError(to: try evaluator.forward([image]).output()) < Self.tolerance)
            for place in places {
                let hidden = Self.hidden(
                    image, fill, rows: request.rows[place.row], columns: request.columns[place.column])
                let expected = try evaluator.forward([hidden]).output()
                let got = try Tensor(shape: expected.shape, values: swept[place] ?? [])
                let error = got.relativeError(to: expected)
                #expect(error < Self.tolerance, "place \(place), \(operations)")
            }
        }
    }

    /// Within a few steps of 256, and by far nearer to the hidden image's scores than those of the whole image are.
    @Test(arguments: 0..<40)
    func inEightBitsItComesClose(seed: Int) async throws {
        var network = try RandomNetwork(seed: seed)
        let (height, width) = (network.imageShape[2], network.imageShape[3])
        let image = try network.generator.tensor(network.imageShape.dimensions)
        let fill = Tensor(shape: network.imageShape)
        let window = max(min(height, width) / 3, 1)
        var request = WindowSweep.Request(
            imageShape: network.imageShape, rows: Self.ranges(height, window, window),
            columns: Self.ranges(width, window, window), target: network.scores)
        request.arithmetic = .eightBit
        let asked = request
        let places = request.rows.indices.flatMap { row in
            request.columns.indices.map { WindowSweep.Place(row: row, column: $0) }
        }
        let session = try InferenceSession(graph: network.graph, threads: 1 + seed % 2)
        try await session.perform { (evaluator) throws(any Error) in
            let sweep = try evaluator.sweep(asked, image: image)
            let shown = try sweep.show(image: image, fill: fill)
            var swept: [WindowSweep.Place: [Float]] = [:]
            try await shown.run(places: places) { places, targets in
                for (place, target) in zip(places, targets) { swept[place] = target }
                return true
            }
            for place in places {
                let hidden = Self.hidden(
                    image, fill, rows: asked.rows[place.row], columns: asked.columns[place.column])
                let expected = try evaluator.forward([hidden]).output()
                let got = try Tensor(shape: expected.shape, values: swept[place] ?? [])
                #expect(got.relativeError(to: expected) < 0.05)
            }
        }
    }

    @Test func anImageIsTakenUpAgainAfterAnother() async throws {
        var network = try RandomNetwork(seed: 7)
        let shape = network.imageShape
        let images = try (0..<2).map { _ in try network.generator.tensor(shape.dimensions) }
        let fill = Tensor(shape: shape)
        let request = WindowSweep.Request(
            imageShape: shape, rows: Self.ranges(shape[2], 5, 4), columns: Self.ranges(shape[3], 5, 4),
            target: network.scores, mode: .incremental)
        let place = WindowSweep.Place(row: 1, column: 2)
        let session = try InferenceSession(graph: network.graph, threads: 2)
        try await session.perform { (evaluator) throws(any Error) in
            let sweep = try evaluator.sweep(request, image: images[0])
            let shown = try images.map { try sweep.show(image: $0, fill: fill) }
            // Back and forth: each time the sweep holds the other one.
            for index in [0, 1, 0] {
                var got: [Float] = []
                try await shown[index].run(places: [place]) { _, targets in
                    got = targets[0]
                    return true
                }
                let hidden = Self.hidden(images[index], fill, rows: request.rows[1], columns: request.columns[2])
                let expected = try evaluator.forward([hidden]).output()
                #expect(try Tensor(shape: expected.shape, values: got).relativeError(to: expected) < Self.tolerance)
            }
        }
    }

    @Test func aSweepServesOneImageAfterTheOther() async throws {
        var network = try RandomNetwork(seed: 7)
        let shape = network.imageShape
        let images = try (0..<3).map { _ in try network.generator.tensor(shape.dimensions) }
        let fill = Tensor(shape: shape)
        let request = WindowSweep.Request(
            imageShape: shape, rows: Self.ranges(shape[2], 5, 4), columns: Self.ranges(shape[3], 5, 4),
            target: network.scores, mode: .incremental)
        let session = try InferenceSession(graph: network.graph, threads: 2)
        try await session.perform { (evaluator) throws(any Error) in
            for image in images {
                let sweep = try evaluator.sweep(request, image: image)
                let place = WindowSweep.Place(row: 1, column: 2)
                var got: [Float] = []
                let shown = try sweep.show(image: image, fill: fill)
                try await shown.run(places: [place]) { _, targets in
                    got = targets[0]
                    return true
                }
                let hidden = Self.hidden(image, fill, rows: request.rows[1], columns: request.columns[2])
                let expected = try evaluator.forward([hidden]).output()
                #expect(try Tensor(shape: expected.shape, values: got).relativeError(to: expected) < Self.tolerance)
            }
        }
    }

    @Test func aSweepEndsWhenToldTo() async throws {
        let network = try RandomNetwork(seed: 3)
        let shape = network.imageShape
        let image = Tensor(shape: shape, repeating: 0.5)
        let request = WindowSweep.Request(
            imageShape: shape, rows: Self.ranges(shape[2], 3, 1), columns: Self.ranges(shape[3], 3, 1),
            target: network.scores, takesBatches: false)
        let places = request.rows.indices.flatMap { row in
            request.columns.indices.map { WindowSweep.Place(row: row, column: $0) }
        }
        let session = try InferenceSession(graph: network.graph, threads: 2)
        let delivered = try await session.perform { (evaluator) throws(any Error) in
            var delivered = 0
            let sweep = try evaluator.sweep(request, image: image)
            let shown = try sweep.show(image: image, fill: image)
            try await shown.run(places: places) { places, _ in
                delivered += places.count
                return false
            }
            return delivered
        }
        #expect(delivered < places.count)
    }

    @Test func windowsThatDoNotFitAreRefused() async throws {
        let network = try RandomNetwork(seed: 3)
        let shape = network.imageShape
        let image = Tensor(shape: shape)
        let session = try InferenceSession(graph: network.graph, threads: 2)
        func request(_ rows: [Range<Int>], _ columns: [Range<Int>]) -> WindowSweep.Request {
            WindowSweep.Request(imageShape: shape, rows: rows, columns: columns, target: network.scores)
        }
        for wrong in [
            request([0..<shape[2] + 1], [0..<3]), request([-1..<2], [0..<3]), request([], [0..<3]),
            request([4..<4], [0..<3]),
        ] {
            await #expect(throws: ExecutionError.self) {
                try await session.perform { evaluator in _ = try evaluator.sweep(wrong, image: image) }
            }
        }
        let fitting = request([0..<3], [0..<3])
        await #expect(throws: ExecutionError.self) {
            try await session.perform { evaluator in
                let sweep = try evaluator.sweep(fitting, image: image)
                let shown = try sweep.show(image: image, fill: image)
                try await shown.run(places: [WindowSweep.Place(row: 1, column: 0)]) { _, _ in true }
            }
        }
    }

    private static func ranges(_ extent: Int, _ window: Int, _ stride: Int) -> [Range<Int>] {
        let count = (max(extent - window, 0) + stride - 1) / stride + 1
        return (0..<count).compactMap { index in
            index * stride < extent ? index * stride..<min(index * stride + window, extent) : nil
        }
    }

    private static func hidden(_ image: Tensor, _ fill: Tensor, rows: Range<Int>, columns: Range<Int>) -> Tensor {
        var result = image
        let (height, width) = (image.shape[2], image.shape[3])
        for plane in 0..<image.shape[1] {
            for y in rows {
                for x in columns {
                    let index = (plane * height + y) * width + x
                    result[index] = fill[index]
                }
            }
        }
        return result
    }
}
