public import Foundation
import SwiftProtobuf
public import Tensors

extension ONNXModel {
    /// The model file with another head: everything up to `features`, then global average pooling and one
    /// fully-connected layer. What the trunk does not need is left out; weights from other files are taken in.
    ///
    /// - Parameters:
    ///   - features: name of the value that is pooled, [N,C,h,w].
    ///   - weights: [classes, C].
    ///   - bias: [classes].
    ///   - freesExtents: whether the image's height and width become free.
    ///   - externalData: the folder of the files that hold weights outside of the model file.
    /// - Throws: `ONNXError` where the file is not valid or makes no value of that name.
    public static func replacingHead(
        of data: Data, at features: String, weights: Tensor, bias: Tensor, freesExtents: Bool, externalData: URL?
    ) throws(ONNXError) -> Data {
        var model: Onnx_ModelProto
        do { model = try Onnx_ModelProto(serializedBytes: data) } catch { throw .malformed("\(error)") }
        var graph = model.graph
        var needed: Set<String> = [features]
        var trunk: [Onnx_NodeProto] = []
        for node in graph.node.reversed() where node.output.contains(where: needed.contains) {
            needed.formUnion(node.input)
            trunk.append(node)
        }
        guard !trunk.isEmpty else { throw .malformed("it makes no value '\(features)'") }
        graph.node = trunk.reversed()

        let files = ExternalData(folder: externalData)
        var kept: [Onnx_TensorProto] = []
        for tensor in graph.initializer where needed.contains(tensor.name) {
            kept.append(try tensor.inlined(files: files))
        }
        graph.initializer = kept
        graph.input = graph.input.filter { needed.contains($0.name) }
        if freesExtents, let image = graph.input.firstIndex(where: { $0.type.tensorType.shape.dim.count == 4 }) {
            for (axis, name) in [(2, "height"), (3, "width")] {
                var dimension = Onnx_TensorShapeProto.Dimension()
                dimension.dimParam = name
                graph.input[image].type.tensorType.shape.dim[axis] = dimension
            }
        }

        func unused(_ name: String) -> String { needed.contains(name) ? unused(name + "_") : name }
        let names = (
            pooled: unused("head.pooled"), row: unused("head.features"), weights: unused("head.weight"),
            bias: unused("head.bias"), output: unused("logits")
        )
        graph.node += [
            node("GlobalAveragePool", [features], names.pooled),
            node("Flatten", [names.pooled], names.row, ("axis", 1)),
            node("Gemm", [names.row, names.weights, names.bias], names.output, ("transB", 1)),
        ]
        graph.initializer += [initializer(names.weights, weights), initializer(names.bias, bias)]
        graph.output = [output(names.output, classes: bias.count)]
        model.graph = graph
        do { return try model.serializedData() } catch { throw .malformed("\(error)") }
    }

    private static func node(
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

    private static func initializer(_ name: String, _ tensor: Tensor) -> Onnx_TensorProto {
        var proto = Onnx_TensorProto()
        proto.name = name
        proto.dims = tensor.shape.dimensions.map(Int64.init)
        proto.dataType = ElementType.float.rawValue
        proto.rawData = tensor.withUnsafeValues { Data(UnsafeRawBufferPointer($0)) }
        return proto
    }

    private static func output(_ name: String, classes: Int) -> Onnx_ValueInfoProto {
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

extension Onnx_TensorProto {
    /// The tensor with its bytes in the model file itself.
    fileprivate func inlined(files: ExternalData) throws(ONNXError) -> Onnx_TensorProto {
        guard dataLocation == Onnx_TensorProto.externalLocation else { return self }
        var inline = self
        inline.rawData = try files.bytes(of: self)
        inline.externalData = []
        inline.dataLocation = 0
        return inline
    }
}
