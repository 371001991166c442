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

    /// - Throws: `ONNXError.malformed`, `.unreadable`.
    init(_ source: ByteSource) throws(ONNXError) {
        var rest: [Range<Int>] = []
        var graph: [Range<Int>] = []
        var initializers: [PlacedInitializer] = []
        var fields = MessageFields(source, 0..<source.count)
        while let field = try fields.next() {
            guard field.number == FieldNumber.graph, let content = field.content else {
                rest.extend(by: field.range)
                continue
            }
            var members = MessageFields(source, content)
            while let member = try members.next() {
                if member.number == FieldNumber.initializer, let tensor = member.content {
                    initializers.append(try PlacedInitializer(source, field: member.range, tensor: tensor))
                } else {
                    graph.extend(by: member.range)
                }
            }
        }
        let (bytes, graphBytes) = (try source.bytes(in: rest), try source.bytes(in: graph))
        do {
            var model = try Onnx_ModelProto(serializedBytes: bytes)
            model.graph = try Onnx_GraphProto(serializedBytes: graphBytes)
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
    /// Those, in the model file; empty where there are none.
    let values: PlacedBytes
    /// The whole field, in the model file.
    private let field: PlacedBytes

    fileprivate init(_ source: ByteSource, field: Range<Int>, tensor: Range<Int>) throws(ONNXError) {
        self.field = PlacedBytes(source, field)
        var rest: [Range<Int>] = []
        var values = 0..<0
        var fields = MessageFields(source, tensor)
        while let field = try fields.next() {
            // Of several the last one counts, as everywhere in such messages.
            if field.number == FieldNumber.tensorRawData, let content = field.content {
                values = content
            } else {
                rest.extend(by: field.range)
            }
        }
        self.values = PlacedBytes(source, values)
        let bytes = try source.bytes(in: rest)
        do { description = try Onnx_TensorProto(serializedBytes: bytes) } catch { throw .malformed("\(error)") }
    }

    /// Appends the field, with the values in it.
    func append(to target: inout ComposedFile, _ files: ExternalData) throws(ONNXError) {
        guard description.dataLocation == Onnx_TensorProto.externalLocation else { return target.append(field) }
        var tensor = description
        let values = try files.values(of: tensor)
        tensor.externalData = []
        tensor.dataLocation = 0
        var message: ComposedFile
        do { message = ComposedFile(try tensor.serializedData()) } catch { throw .malformed("\(error)") }
        message.append(MessageFields.header(FieldNumber.tensorRawData, length: values.count))
        message.append(values)
        target.append(MessageFields.header(FieldNumber.initializer, length: message.size))
        target.append(message)
    }
}
