import Foundation
import Networks
import Tensors

/// ONNX's element type numbers (TensorProto.DataType).
enum ElementType: Int32 {
    case float = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7, bool = 9, float16 = 10, double = 11, bfloat16 = 16
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
            return .floats(try floats(shape, listed: int32Data.map { UInt16(truncatingIfNeeded: $0) }, widenHalf))
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
        case .uint8, .bool:
            let listed = int32Data.map { UInt8(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, listed: listed))
        }
    }

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

/// IEEE 754 binary16, by hand: Float16 is not available on every platform Swift runs on.
private func widenHalf(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10) & 0x1f
    let fraction = UInt32(half & 0x3ff)
    switch exponent {
    case 0:
        let magnitude = Float(fraction) * 0x1p-24
        return sign == 0 ? magnitude : -magnitude
    case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
