public import Foundation
public import Networks

/// Reads ONNX files (https://onnx.ai).
public enum ONNXModel {
    public static let supportedOpsets = 1...24

    /// The graph in `file`, canonicalized.
    ///
    /// - Throws: `ONNXError`, naming the node, operator and opset where one is not supported; `.unreadable` also where the
    ///   file, or one that holds weights of it, changes while it is read.
    public static func load(contentsOf file: URL) throws(ONNXError) -> Graph {
        try load(SourceFile(file), beside: file)
    }

    /// The same of a file that is open already.
    ///
    /// - Parameter url: where it lies, or a link to it; files with weights are looked for beside it.
    package static func load(_ file: SourceFile, beside url: URL) throws(ONNXError) -> Graph {
        try graph(of: .file(file), files: ExternalData(beside: url))
    }

    /// The graph in the bytes of an ONNX file, canonicalized.
    ///
    /// - Parameter externalData: the folder of the files that hold weights outside of the model file; a model that
    ///   has such is refused where nil.
    public static func load(_ data: Data, externalData: URL? = nil) throws(ONNXError) -> Graph {
        try graph(of: .memory(data), files: ExternalData(folder: externalData))
    }

    /// Each weight is read from where it lies in the file, so that none is in memory twice.
    private static func graph(of source: ByteSource, files: ExternalData) throws(ONNXError) -> Graph {
        let skeleton = try ModelSkeleton(source)
        let model = skeleton.model
        guard !model.graph.node.isEmpty else { throw .malformed("it holds no graph") }
        let opset = try defaultOpset(of: model)
        var builder = GraphBuilder(files: files, opset: opset)
        builder.reserveNames(of: model.graph, and: skeleton.initializers.map(\.description.name))
        for initializer in skeleton.initializers {
            try builder.addInitializer(initializer.description, values: initializer.values)
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
