import Foundation
import SwiftProtobuf

/// A model file without the weights of its graph, and where those lie: they are most of the file, and are read one by one
/// from where they are.
struct ModelSkeleton {
    /// Everything but the graph's initializers.
    let model: Onnx_ModelProto
    let initializers: [PlacedInitializer]

    /// The number of the model's field that holds the graph.
    static let graphField = FieldNumber.graph

    /// - Throws: `ONNXError.malformed`.
    init(_ bytes: UnsafeRawBufferPointer) throws(ONNXError) {
        var rest = Data()
        var graph = Data()
        var initializers: [PlacedInitializer] = []
        var fields = MessageFields(bytes, 0..<bytes.count)
        while let field = try fields.next() {
            guard field.number == FieldNumber.graph, let content = field.content else {
                rest.append(contentsOf: bytes[field.range])
                continue
            }
            var members = MessageFields(bytes, content)
            while let member = try members.next() {
                if member.number == FieldNumber.initializer, let tensor = member.content {
                    initializers.append(try PlacedInitializer(bytes, field: member.range, tensor: tensor))
                } else {
                    graph.append(contentsOf: bytes[member.range])
                }
            }
        }
        do {
            var model = try Onnx_ModelProto(serializedBytes: rest)
            model.graph = try Onnx_GraphProto(serializedBytes: graph)
            self.model = model
        } catch {
            throw .malformed("\(error)")
        }
        self.initializers = initializers
    }
}

/// Of the messages in onnx.proto.
private enum FieldNumber {
    static let graph = 7
    static let initializer = 5
    static let tensorRawData = 9
}

/// Weights that are left where they are.
struct PlacedInitializer {
    /// The tensor without the values that the model file holds as bytes.
    let description: Onnx_TensorProto
    /// Where those are in the model file; empty where there are none.
    let values: Range<Int>
    /// The whole field, in the model file.
    private let field: Range<Int>

    fileprivate init(_ bytes: UnsafeRawBufferPointer, field: Range<Int>, tensor: Range<Int>) throws(ONNXError) {
        self.field = field
        var rest = Data()
        var values = 0..<0
        var fields = MessageFields(bytes, tensor)
        while let field = try fields.next() {
            // Of several the last one counts, as everywhere in such messages.
            if field.number == FieldNumber.tensorRawData, let content = field.content {
                values = content
            } else {
                rest.append(contentsOf: bytes[field.range])
            }
        }
        self.values = values
        do { description = try Onnx_TensorProto(serializedBytes: rest) } catch { throw .malformed("\(error)") }
    }

    /// Appends the field, with the values in it.
    ///
    /// - Parameter opened: the files beside the model, each opened once.
    func append(
        to target: inout ComposedFile, from file: SourceFile, _ files: ExternalData,
        _ opened: inout [URL: SourceFile]
    ) throws(ONNXError) {
        guard description.dataLocation == Onnx_TensorProto.externalLocation else {
            return target.append(field, of: file)
        }
        var tensor = description
        let (url, values) = try files.place(of: tensor)
        let source: SourceFile
        if let open = opened[url] { source = open } else { source = try SourceFile(url) }
        opened[url] = source
        tensor.externalData = []
        tensor.dataLocation = 0
        var message: ComposedFile
        do { message = ComposedFile(try tensor.serializedData()) } catch { throw .malformed("\(error)") }
        message.append(MessageFields.header(FieldNumber.tensorRawData, length: values.count))
        message.append(values, of: source)
        target.append(MessageFields.header(FieldNumber.initializer, length: message.size))
        target.append(message)
    }
}
