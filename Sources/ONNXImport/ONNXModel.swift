public import Foundation
public import Networks
import SwiftProtobuf
import Tensors

/// Reads ONNX files (https://onnx.ai, IR version 3 and later).
public enum ONNXModel {
    public static let supportedOpsets = 7...22

    /// The graph in `file`, canonicalized.
    ///
    /// - Throws: `ONNXError`, naming the node, operator and opset where one is not supported.
    public static func load(contentsOf file: URL) throws(ONNXError) -> Graph {
        let data: Data
        do {
            data = try Data(contentsOf: file, options: .mappedIfSafe)
        } catch {
            throw .unreadable(error.localizedDescription)
        }
        return try load(data, externalData: file.deletingLastPathComponent())
    }

    /// The graph in the bytes of an ONNX file, canonicalized.
    ///
    /// - Parameter externalData: the folder of the files that hold weights outside of the model file; a model that
    ///   has such is refused where nil.
    public static func load(_ data: Data, externalData: URL? = nil) throws(ONNXError) -> Graph {
        let model: Onnx_ModelProto
        do {
            model = try Onnx_ModelProto(serializedBytes: data)
        } catch {
            throw .malformed("\(error)")
        }
        guard !model.graph.node.isEmpty else { throw .malformed("it holds no graph") }
        let opset = try defaultOpset(of: model)
        var builder = GraphBuilder(files: ExternalData(folder: externalData), opset: opset)
        try builder.addInitializers(model.graph.initializer)
        try builder.addInputs(model.graph.input)
        try builder.add(model.graph.node)
        try builder.addOutputs(model.graph.output)
        return builder.graph.canonicalized()
    }

    private static func defaultOpset(of model: Onnx_ModelProto) throws(ONNXError) -> Int {
        let standard = model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
        guard let version = standard?.version, let opset = Int(exactly: version) else {
            throw .malformed("it names no opset")
        }
        guard supportedOpsets.contains(opset) else {
            throw .unsupportedOpset(opset, supported: supportedOpsets)
        }
        return opset
    }
}
