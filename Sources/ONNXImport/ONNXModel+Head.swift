public import Foundation
import SwiftProtobuf
public import Tensors

extension ONNXModel {
    /// Larger messages cannot be read by anybody (protobuf's own limit).
    private static let largestFile = Int(Int32.max)

    /// A model file with another head: everything up to `features`, then global average pooling and one
    /// fully-connected layer. What the trunk does not need is left out; weights from other files are taken in.
    ///
    /// The trunk's weights stay where they are until the result is read: of a network of half a gigabyte, only the
    /// nodes are in memory.
    ///
    /// - Parameters:
    ///   - source: the model file; files beside it may hold its weights.
    ///   - features: name of the value that is pooled, [N,C,h,w].
    ///   - weights: [classes, C].
    ///   - bias: [classes].
    ///   - freesExtents: whether the image's height and width become free.
    /// - Throws: `ONNXError` where the file is not valid or makes no value of that name.
    public static func replacingHead(
        of source: URL, at features: String, weights: Tensor, bias: Tensor, freesExtents: Bool
    ) throws(ONNXError) -> ComposedFile {
        let skeleton = try ModelSkeleton(.file(SourceFile(source)))
        var model = skeleton.model
        let needed = try model.graph.replaceHead(
            at: features, weights: weights, bias: bias, freesExtents: freesExtents)

        let external = ExternalData(beside: source)
        var kept = ComposedFile()
        for initializer in skeleton.initializers where needed.contains(initializer.description.name) {
            try initializer.append(to: &kept, external)
        }
        // A message's fields may come in any order: the weights stand behind all else.
        var graph: ComposedFile
        var composed: ComposedFile
        do {
            graph = ComposedFile(try model.graph.serializedData())
            model.clearGraph()
            composed = ComposedFile(try model.serializedData())
        } catch {
            throw .malformed("\(error)")
        }
        graph.append(kept)
        composed.append(MessageFields.header(ModelSkeleton.graphField, length: graph.size))
        composed.append(graph)
        guard composed.size <= largestFile else {
            throw .malformed("with another head it has \(composed.size) bytes, and an ONNX file at most \(largestFile)")
        }
        return composed
    }
}

extension Onnx_GraphProto {
    /// Leaves only what `features` needs, and puts the head behind it.
    ///
    /// - Returns: the names that the trunk needs, those of its weights among them.
    fileprivate mutating func replaceHead(
        at features: String, weights: Tensor, bias: Tensor, freesExtents: Bool
    ) throws(ONNXError) -> Set<String> {
        var needed: Set<String> = [features]
        var trunk: [Onnx_NodeProto] = []
        for node in node.reversed() where node.output.contains(where: needed.contains) {
            needed.formUnion(node.input)
            trunk.append(node)
        }
        guard !trunk.isEmpty else { throw .malformed("it makes no value '\(features)'") }
        input = input.filter { needed.contains($0.name) }
        if freesExtents { freeExtents() }

        func unused(_ name: String) -> String { needed.contains(name) ? unused(name + "_") : name }
        let names = (
            pooled: unused("head.pooled"), row: unused("head.features"), weights: unused("head.weight"),
            bias: unused("head.bias"), output: unused("logits")
        )
        node =
            trunk.reversed() + [
                .head("GlobalAveragePool", [features], names.pooled),
                .head("Flatten", [names.pooled], names.row, ("axis", 1)),
                .head("Gemm", [names.row, names.weights, names.bias], names.output, ("transB", 1)),
            ]
        initializer = [.floats(names.weights, weights), .floats(names.bias, bias)]
        output = [.scores(names.output, classes: bias.count)]
        return needed
    }

    private mutating func freeExtents() {
        guard let image = input.firstIndex(where: { $0.type.tensorType.shape.dim.count == 4 }) else { return }
        for (axis, name) in [(2, "height"), (3, "width")] {
            var dimension = Onnx_TensorShapeProto.Dimension()
            dimension.dimParam = name
            input[image].type.tensorType.shape.dim[axis] = dimension
        }
    }
}

extension Onnx_NodeProto {
    fileprivate static func head(
        _ operation: String, _ inputs: [String], _ output: String, _ attribute: (name: String, value: Int64)? = nil
    ) -> Onnx_NodeProto {
        var node = Onnx_NodeProto()
        node.opType = operation
        node.name = "head/\(operation)"
        node.input = inputs
        node.output = [output]
        if let (name, value) = attribute {
            var integer = Onnx_AttributeProto()
            integer.name = name
            integer.i = value
            integer.type = 2  // AttributeType.INT
            node.attribute = [integer]
        }
        return node
    }
}

extension Onnx_TensorProto {
    fileprivate static func floats(_ name: String, _ tensor: Tensor) -> Onnx_TensorProto {
        var proto = Onnx_TensorProto()
        proto.name = name
        proto.dims = tensor.shape.dimensions.map(Int64.init)
        proto.dataType = ElementType.float.rawValue
        proto.rawData = tensor.withUnsafeValues { Data(UnsafeRawBufferPointer($0)) }
        return proto
    }
}

extension Onnx_ValueInfoProto {
    /// [N,classes], N free.
    fileprivate static func scores(_ name: String, classes: Int) -> Onnx_ValueInfoProto {
        var info = Onnx_ValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = ElementType.float.rawValue
        var batch = Onnx_TensorShapeProto.Dimension()
        batch.dimParam = "batch"
        var scores = Onnx_TensorShapeProto.Dimension()
        scores.dimValue = Int64(classes)
        info.type.tensorType.shape.dim = [batch, scores]
        return info
    }
}
