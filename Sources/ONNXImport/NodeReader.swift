import Foundation
import Networks

/// One node of the file, with typed access to its attributes.
struct NodeReader {
    let name: String
    let operation: String
    let domain: String
    let opset: Int
    let inputNames: [String]
    let outputNames: [String]
    private let attributes: [String: Onnx_AttributeProto]

    /// No honest size, stride or padding is larger; sums and products of a few of them stay far from overflow.
    static let largestAttribute: Int64 = 1 << 24

    init(_ node: Onnx_NodeProto, index: Int, opset: Int) {
        name = !node.name.isEmpty ? node.name : node.output.first ?? "#\(index)"
        operation = node.opType
        domain = node.domain
        self.opset = opset
        inputNames = node.input
        outputNames = node.output
        attributes = Dictionary(node.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The same node with its first inputs and one output of another name, as a step on the way.
    func making(_ output: String, inputs count: Int = .max) -> NodeReader {
        NodeReader(self, inputNames: Array(inputNames.prefix(count)), outputNames: [output])
    }

    private init(_ other: NodeReader, inputNames: [String], outputNames: [String]) {
        (name, operation, domain, opset) = (other.name, other.operation, other.domain, other.opset)
        (self.inputNames, self.outputNames, attributes) = (inputNames, outputNames, other.attributes)
    }

    /// The attributes as the file has them.
    var attributeMessages: [Onnx_AttributeProto] { Array(attributes.values) }

    func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

    func integer(_ attribute: String) throws(ONNXError) -> Int? {
        guard let value = attributes[attribute]?.i else { return nil }
        return try bounded(value, attribute)
    }

    func integers(_ attribute: String) throws(ONNXError) -> [Int]? {
        guard let values = attributes[attribute]?.ints else { return nil }
        return try values.map { (value) throws(ONNXError) in try bounded(value, attribute) }
    }

    func float(_ attribute: String) -> Float? { attributes[attribute]?.f }
    func floats(_ attribute: String) -> [Float]? { attributes[attribute]?.floats }
    func strings(_ attribute: String) -> [String]? {
        attributes[attribute]?.strings.map { String(decoding: $0, as: UTF8.self) }
    }
    func string(_ attribute: String) -> String? { attributes[attribute].map { String(decoding: $0.s, as: UTF8.self) } }
    func tensor(_ attribute: String) -> Onnx_TensorProto? { attributes[attribute]?.t }
    func graph(_ attribute: String) -> Onnx_GraphProto? { attributes[attribute]?.g }

    func flag(_ attribute: String, otherwise: Bool = false) throws(ONNXError) -> Bool {
        try integer(attribute).map { $0 != 0 } ?? otherwise
    }

    /// Positions along an axis: any number that is far outside means the end.
    func positions(_ attribute: String) -> [Int]? {
        attributes[attribute]?.ints.map { Int(min(max($0, -1 << 31), 1 << 31)) }
    }

    func invalid(_ reason: String) -> ONNXError {
        .invalidNode(node: name, operation: operation, reason: reason)
    }

    func unsupported(_ reason: String) -> ONNXError {
        .unsupportedAttribute(node: name, operation: operation, opset: opset, reason: reason)
    }

    private func bounded(_ value: Int64, _ attribute: String) throws(ONNXError) -> Int {
        guard value.magnitude <= NodeReader.largestAttribute.magnitude else {
            throw invalid("attribute \(attribute) = \(value) is out of range")
        }
        return Int(value)
    }
}
