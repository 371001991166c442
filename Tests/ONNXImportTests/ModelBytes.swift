import Foundation

/// ONNX files written byte by byte, so that they can be wrong in any way.
struct Message {
    var bytes = Data()

    /// Field `number` as a length-delimited value.
    mutating func add(_ number: Int, _ content: Data) {
        varint(UInt64(number << 3 | 2))
        varint(UInt64(content.count))
        bytes.append(content)
    }

    mutating func add(_ number: Int, _ text: String) { add(number, Data(text.utf8)) }
    mutating func add(_ number: Int, _ message: Message) { add(number, message.bytes) }

    /// Field `number` as an integer.
    mutating func add(_ number: Int, integer: Int64) {
        varint(UInt64(number << 3))
        varint(UInt64(bitPattern: integer))
    }

    mutating func varint(_ value: UInt64) {
        var value = value
        while value > 0x7f {
            bytes.append(UInt8(value & 0x7f | 0x80))
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    static func build(_ fill: (inout Message) -> Void) -> Message {
        var message = Message()
        fill(&message)
        return message
    }
}

extension Message {
    enum Attribute {
        case integer(Int64)
        case integers([Int64])
        case float(Float)
        case floats([Float])
        case text(String)
        case graph(Message)
        /// The attribute of this name of the function's call.
        case reference(String)
    }

    static func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:],
        domain: String = ""
    ) -> Message {
        build { node in
            for input in inputs { node.add(1, input) }
            for output in outputs { node.add(2, output) }
            node.add(3, "\(operation)-node")
            node.add(4, operation)
            for (name, attribute) in attributes { node.add(5, self.attribute(name, attribute)) }
            if !domain.isEmpty { node.add(7, domain) }
        }
    }

    private static func attribute(_ name: String, _ value: Attribute) -> Message {
        build { message in
            message.add(1, name)
            switch value {
            case .integer(let value): message.add(3, integer: value)
            case .integers(let values): for value in values { message.add(8, integer: value) }
            case .float(let value):
                message.varint(2 << 3 | 5)
                withUnsafeBytes(of: value.bitPattern.littleEndian) { message.bytes.append(contentsOf: $0) }
            case .floats(let values):
                for value in values {
                    message.varint(7 << 3 | 5)
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { message.bytes.append(contentsOf: $0) }
                }
            case .text(let text): message.add(4, text)
            case .graph(let graph): message.add(6, graph)
            case .reference(let name): message.add(21, name)
            }
        }
    }

    /// A tensor that claims `extents`; it holds `raw`, whatever that is.
    static func tensor(_ name: String, _ extents: [Int64], type: Int64 = 1, raw: Data) -> Message {
        build { tensor in
            for extent in extents { tensor.add(1, integer: extent) }
            tensor.add(2, integer: type)
            tensor.add(8, name)
            tensor.add(9, raw)
        }
    }

    static func floats(_ name: String, _ extents: [Int64], _ values: [Float]) -> Message {
        tensor(
            name, extents,
            raw: values.reduce(into: Data()) { data, value in
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            })
    }

    static func floats(_ name: String, _ extents: [Int64]) -> Message {
        tensor(name, extents, raw: Data(count: Int(extents.reduce(1, *)) * 4))
    }

    static func integers(_ name: String, _ values: [Int64]) -> Message {
        tensor(
            name, [Int64(values.count)], type: 7,
            raw: values.reduce(into: Data()) { data, value in
                withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
            })
    }

    static func value(_ name: String, _ extents: [Int64]) -> Message {
        build { value in
            value.add(1, name)
            value.add(
                2,
                build { type in
                    type.add(
                        1,
                        build { tensor in
                            tensor.add(1, integer: 1)
                            tensor.add(
                                2,
                                build { shape in
                                    for extent in extents { shape.add(1, build { $0.add(1, integer: extent) }) }
                                })
                        })
                })
        }
    }

    static func graph(
        _ nodes: [Message], initializers: [Message] = [], inputs: [Message] = [value("x", [1, 3, 8, 8])],
        outputs: [String] = ["y"]
    ) -> Message {
        build { graph in
            for node in nodes { graph.add(1, node) }
            for initializer in initializers { graph.add(5, initializer) }
            for input in inputs { graph.add(11, input) }
            for output in outputs { graph.add(12, build { $0.add(1, output) }) }
        }
    }

    static func model(_ graph: Message, opset: Int64 = 17, functions: [Message] = []) -> Data {
        build { model in
            model.add(1, integer: 8)
            model.add(7, graph)
            model.add(8, build { $0.add(2, integer: opset) })
            for function in functions { model.add(25, function) }
        }.bytes
    }

    /// A function of the domain `own`.
    static func function(
        _ name: String, _ inputs: [String], _ outputs: [String], _ nodes: [Message], opset: Int64 = 17
    ) -> Message {
        build { function in
            function.add(1, name)
            for input in inputs { function.add(4, input) }
            for output in outputs { function.add(5, output) }
            for node in nodes { function.add(7, node) }
            function.add(9, build { $0.add(2, integer: opset) })
            function.add(10, "own")
        }
    }
}
