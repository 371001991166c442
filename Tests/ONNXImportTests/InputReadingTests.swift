import Networks
import ONNXImport
import Tensors
import Testing

/// What files say of their inputs, and which of them is taken for the image.
@Suite struct InputReadingTests {
    /// Extents are numbers, or names of what is open.
    private func input(_ name: String, _ extents: [String], type: Int64 = 1) -> Message {
        .build { value in
            value.add(1, name)
            let shape = Message.build { shape in
                for extent in extents {
                    var dimension = Message()
                    if let number = Int64(extent) {
                        dimension.add(1, integer: number)
                    } else {
                        dimension.add(2, extent)
                    }
                    shape.add(1, dimension)
                }
            }
            value.add(
                2,
                .build {
                    $0.add(
                        1,
                        .build { tensor in
                            tensor.add(1, integer: type)
                            tensor.add(2, shape)
                        })
                })
        }
    }

    private func reading(
        _ nodes: [Message], _ inputs: [Message], weights: [Int64] = [2, 3, 1, 1],
        _ statement: InputStatement = InputStatement()
    ) throws -> InputReading {
        let graph = Message.graph(nodes, initializers: [.floats("w", weights)], inputs: inputs)
        return try ONNXModel.load(Message.model(graph)).readingInputs(statement)
    }

    private let convolution = [Message.node("Conv", ["x", "w"], ["y"])]
    private let turnedConvolution = [
        Message.node("Transpose", ["x"], ["t"], ["perm": .integers([0, 3, 1, 2])]), .node("Conv", ["t", "w"], ["y"]),
    ]

    @Test(arguments: [
        ["N", "H", "W", "C"], ["-1", "-1", "-1", "3"], ["0", "height", "width", "3"], ["1", "32", "32", "3"],
    ])
    func channelsMayBeLastWhateverIsOpen(extents: [String]) throws {
        let reading = try reading(turnedConvolution, [input("x", extents)])
        #expect(reading.layout == .pixels)
        let open = extents.map { Int($0).flatMap { $0 > 0 ? $0 : nil } }
        #expect(reading.graph.inputs[0].extents == [open[0], open[3], open[1], open[2]])
        #expect(reading.graph.nodes.map(\.operation.name) == ["convolution"])
    }

    @Test(arguments: [["batch", "3", "height", "width"], ["-1", "3", "-1", "-1"], ["N", "C", "H", "W"]])
    func planesStayPlanesWhateverIsOpen(extents: [String]) throws {
        let reading = try reading(convolution, [input("x", extents)])
        #expect(reading.layout == .planes)
        #expect(reading.graph.inputs[0].extents == extents.map { Int($0).flatMap { $0 > 0 ? $0 : nil } })
    }

    @Test func fourChannelsAreChannels() throws {
        let planes = try reading(convolution, [input("x", ["1", "4", "H", "W"])], weights: [2, 4, 1, 1])
        #expect(planes.layout == .planes)
        // Nothing behind it tells; the extent of 4 does.
        let pixels = try reading([.node("Relu", ["x"], ["y"])], [input("x", ["1", "H", "W", "4"])])
        #expect(pixels.layout == .pixels)
        #expect(pixels.graph.inputs[0].extents == [1, 4, nil, nil])
    }

    /// uint8, int8, int32, int64; float16, double, bfloat16.
    @Test(
        arguments: [
            (2, Element.integer), (3, .integer), (6, .integer), (7, .integer), (10, .float), (11, .float), (16, .float),
        ] as [(Int64, Element)])
    func inputsOfAnyTypeAreRead(type: Int64, element: Element) throws {
        let nodes = [
            Message.node("Cast", ["x"], ["c"], ["to": .integer(1)]), .node("Conv", ["c", "w"], ["y"]),
        ]
        let reading = try reading(nodes, [input("x", ["1", "3", "8", "8"], type: type)])
        #expect(reading.graph.element(of: reading.graph.inputs[0].value) == element)
        #expect(reading.layout == .planes)
    }

    @Test func theImageIsFoundAmongSeveralInputs() throws {
        let nodes = convolution + [Message.node("Mul", ["y", "factor"], ["z"])]
        let inputs = [input("factor", ["1"]), input("x", ["1", "3", "8", "8"])]
        let open = try reading(nodes, inputs)
        #expect(open.graph.inputs.map { open.graph.name(of: $0.value) } == ["x", "factor"])
        #expect(open.unbound == ["factor"])
        let bound = try reading(nodes, inputs, InputStatement(values: ["factor": [2]]))
        #expect(bound.graph.inputs.map { bound.graph.name(of: $0.value) } == ["x"])
        #expect(bound.unbound.isEmpty)
        #expect(throws: InputError.self) { try reading(nodes, inputs, InputStatement(values: ["facter": [2]])) }
    }
}
