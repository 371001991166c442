import Foundation
import Networks
import Tensors

/// ONNX's element type numbers (TensorProto.DataType).
enum ElementType: Int32 {
    case float = 1, uint8 = 2, int8 = 3, uint16 = 4, int16 = 5, int32 = 6, int64 = 7, bool = 9, float16 = 10
    case double = 11, uint32 = 12, uint64 = 13, bfloat16 = 16

    /// Bits of an integer that is narrower than what single precision is exact about; nil for all other types.
    var narrowWidth: Int? {
        switch self {
        case .uint8, .int8: 8
        case .uint16, .int16: 16
        case .int32, .int64, .uint32, .uint64, .bool, .float, .float16, .double, .bfloat16: nil
        }
    }

    /// Whether it has negative numbers.
    var isSigned: Bool {
        switch self {
        case .uint8, .uint16, .uint32, .uint64, .bool: false
        case .int8, .int16, .int32, .int64, .float, .float16, .double, .bfloat16: true
        }
    }

    /// What the numbers stand for, all of which are widened to Float32 or Int.
    var element: Element {
        switch self {
        case .float, .float16, .bfloat16, .double: .float
        case .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64: .integer
        case .bool: .flag
        }
    }
}

extension Onnx_TensorProto {
    /// The tensor, widened to Float32 or Int.
    ///
    /// - Parameter files: where values outside of the model file are found.
    func constant(files: ExternalData) throws(ONNXError) -> Constant {
        if dataLocation == Onnx_TensorProto.externalLocation {
            var inline = self
            inline.rawData = try files.bytes(of: self)
            inline.dataLocation = 0
            return try inline.constant(files: files)
        }
        guard let type = ElementType(rawValue: dataType) else {
            throw .invalidTensor(name: name, reason: "element type \(dataType) is not supported")
        }
        let shape = try checkedShape()
        switch type {
        case .float where rawData.count == shape.count * MemoryLayout<Float>.stride && shape.count > 0:
            return .floats(
                rawData.withUnsafeBytes { bytes in
                    Tensor(shape: shape) { target in
                        UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
                    }
                })
        case .float: return .floats(try floats(shape, listed: floatData) { $0 as Float })
        case .double: return .floats(try floats(shape, listed: doubleData) { Float($0) })
        case .float16:
            return .floats(
                try floats(shape, listed: int32Data.map { UInt16(truncatingIfNeeded: $0) }, Float.init(halfPattern:)))
        case .bfloat16:
            return .floats(
                try floats(shape, listed: int32Data.map { UInt16(truncatingIfNeeded: $0) }) {
                    Float(bitPattern: UInt32($0) << 16)
                })
        case .int64: return .integers(shape: shape, values: try integers(shape, listed: int64Data))
        case .int32: return .integers(shape: shape, values: try integers(shape, listed: int32Data))
        case .int8:
            let listed = int32Data.map { Int8(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, listed: listed))
        case .int16:
            let listed = int32Data.map { Int16(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, listed: listed))
        case .uint16:
            let listed = int32Data.map { UInt16(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, listed: listed))
        // Those that are listed lie in a field that no network seen so far uses.
        case .uint32: return .integers(shape: shape, values: try integers(shape, listed: [] as [UInt32]))
        case .uint64:
            let values = try elements(shape, listed: [] as [UInt64]) { source in
                (0..<shape.count).map { Int(exactly: source($0)) }
            }
            guard !values.contains(nil) else {
                throw .invalidTensor(name: name, reason: "it holds integers beyond \(Int.max)")
            }
            return .integers(shape: shape, values: values.compactMap { $0 })
        case .uint8, .bool:
            let listed = int32Data.map { UInt8(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, listed: listed))
        }
    }

    /// What the numbers stand for.
    var element: Element { ElementType(rawValue: dataType)?.element ?? .float }

    private func checkedShape() throws(ONNXError) -> Shape {
        var extents: [Int] = []
        for extent in dims {
            guard let extent = Int(exactly: extent) else {
                throw .invalidTensor(name: name, reason: "extent \(extent)")
            }
            extents.append(extent)
        }
        do { return try Shape(extents) } catch { throw .invalidTensor(name: name, reason: "\(error)") }
    }

    private func floats<Source: BitwiseCopyable>(
        _ shape: Shape, listed: [Source], _ widen: (Source) -> Float
    ) throws(ONNXError) -> Tensor {
        try elements(shape, listed: listed) { source in
            Tensor(shape: shape) { target in
                for index in target.indices { target[index] = widen(source(index)) }
            }
        }
    }

    private func integers<Source: BitwiseCopyable & FixedWidthInteger>(
        _ shape: Shape, listed: [Source]
    ) throws(ONNXError) -> [Int] {
        try elements(shape, listed: listed) { source in (0..<shape.count).map { Int(source($0)) } }
    }

    /// Calls `body` with access to the elements, wherever the file keeps them; their number is checked first, so that
    /// a shape that claims more than the file holds allocates nothing.
    private func elements<Source: BitwiseCopyable, R>(
        _ shape: Shape, listed: [Source], _ body: ((Int) -> Source) -> R
    ) throws(ONNXError) -> R {
        if rawData.isEmpty {
            guard listed.count == shape.count else {
                throw .invalidTensor(name: name, reason: "shape \(shape) with \(listed.count) values")
            }
            return body { listed[$0] }
        }
        guard rawData.count == shape.count * MemoryLayout<Source>.stride else {
            throw .invalidTensor(name: name, reason: "shape \(shape) with \(rawData.count) bytes")
        }
        return rawData.withUnsafeBytes { bytes in
            body { bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Source>.stride, as: Source.self) }
        }
    }
}
