public import Foundation
public import Networks
import SwiftProtobuf
import Tensors

/// Reads ONNX files (https://onnx.ai).
public enum ONNXModel {
    public static let supportedOpsets = 1...24

    /// The graph in `file`, canonicalized.
    ///
    /// - Throws: `ONNXError`, naming the node, operator and opset where one is not supported.
    public static func load(contentsOf file: URL) throws(ONNXError) -> Graph {
        try graph(of: try message(of: file), files: ExternalData(beside: file))
    }

    /// The bytes of the file, of which the message holds copies, are let go here: they are as many as the weights.
    private static func message(of file: URL) throws(ONNXError) -> Onnx_ModelProto {
        let data: Data
        do {
            data = try Data(contentsOf: file, options: .mappedIfSafe)
        } catch {
            throw .unreadable(error.localizedDescription)
        }
        return try message(of: data)
    }

    private static func message(of data: Data) throws(ONNXError) -> Onnx_ModelProto {
        do {
            return try Onnx_ModelProto(serializedBytes: data)
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// The graph in the bytes of an ONNX file, canonicalized.
    ///
    /// - Parameter externalData: the folder of the files that hold weights outside of the model file; a model that
    ///   has such is refused where nil.
    public static func load(_ data: Data, externalData: URL? = nil) throws(ONNXError) -> Graph {
        try graph(of: try message(of: data), files: ExternalData(folder: externalData))
    }

    private static func graph(
        of message: consuming Onnx_ModelProto, files: ExternalData
    ) throws(ONNXError) -> Graph {
        var model = message
        guard !model.graph.node.isEmpty else { throw .malformed("it holds no graph") }
        let opset = try defaultOpset(of: model)
        var builder = GraphBuilder(files: files, opset: opset)
        builder.reserveNames(of: model.graph)
        // One after the other, each let go once it is read, so that the weights are not here twice.
        var initializers = model.graph.initializer
        model.graph.initializer = []
        for index in initializers.indices {
            try builder.addInitializer(initializers[index])
            initializers[index] = Onnx_TensorProto()
        }
        try builder.addFunctions(model.functions)
        try builder.addInputs(model.graph.input)
        try builder.add(model.graph.node)
        try builder.addOutputs(model.graph.output)
        return builder.graph.canonicalized()
    }

    private static func defaultOpset(of model: Onnx_ModelProto) throws(ONNXError) -> Int {
        let standard = model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
        // Files of IR versions before 3 are of opset 1, and do not say so.
        let unsaid: Int64? = model.irVersion < 3 && model.opsetImport.isEmpty ? 1 : nil
        guard let version = standard?.version ?? unsaid, let opset = Int(exactly: version) else {
            throw .malformed("it names no opset")
        }
        guard supportedOpsets.contains(opset) else {
            throw .unsupportedOpset(opset, supported: supportedOpsets)
        }
        return opset
    }
}
