import Networks
import Tensors

/// ONNX's element type numbers (TensorProto.DataType).
enum ElementType: Int32, CaseIterable {
    case float = 1, uint8 = 2, int8 = 3, uint16 = 4, int16 = 5, int32 = 6, int64 = 7, bool = 9, float16 = 10
    case double = 11, uint32 = 12, uint64 = 13, bfloat16 = 16
    case float8e4m3fn = 17, float8e4m3fnuz = 18, float8e5m2 = 19, float8e5m2fnuz = 20, uint4 = 21, int4 = 22
    case float4e2m1 = 23, float8e8m0 = 24, uint2 = 25, int2 = 26

    /// Bits of a value.
    var width: Int {
        switch self {
        case .float: 32
        case .double: 64
        case .float16, .bfloat16: 16
        case .bool: 8
        default: integerWidth ?? smallFloat?.width ?? 0
        }
    }

    /// Bits of an integer; nil for all other types.
    var integerWidth: Int? {
        switch self {
        case .uint2, .int2: 2
        case .uint4, .int4: 4
        case .uint8, .int8: 8
        case .uint16, .int16: 16
        case .int32, .uint32: 32
        case .int64, .uint64: 64
        case .bool, .float, .float16, .double, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
            .float4e2m1, .float8e8m0:
            nil
        }
    }

    /// Bits of an integer that is narrower than what single precision is exact about; nil for all other types.
    var narrowWidth: Int? { integerWidth.flatMap { $0 <= 16 ? $0 : nil } }

    /// The format of a number of eight or four bits.
    var smallFloat: SmallFloat? {
        switch self {
        case .float8e4m3fn: .e4m3
        case .float8e4m3fnuz: .e4m3UnsignedZero
        case .float8e5m2: .e5m2
        case .float8e5m2fnuz: .e5m2UnsignedZero
        case .float4e2m1: .e2m1
        case .float8e8m0: .e8m0
        default: nil
        }
    }

    /// Whether it is an integer that has negative numbers.
    var isSigned: Bool { [.int2, .int4, .int8, .int16, .int32, .int64].contains(self) }

    /// What the numbers stand for, all of which are widened to Float32 or Int.
    var element: Element { self == .bool ? .flag : integerWidth == nil ? .float : .integer }
}

extension Onnx_TensorProto {
    /// The tensor, widened to Float32 or Int.
    ///
    /// - Parameters:
    ///   - values: its bytes, where the message does not hold them.
    ///   - files: where values outside of the model file are found.
    func constant(values: PlacedBytes? = nil, files: ExternalData) throws(ONNXError) -> Constant {
        let bytes =
            dataLocation == Onnx_TensorProto.externalLocation
            ? try files.values(of: self) : values ?? PlacedBytes(.memory(rawData))
        guard let type = ElementType(rawValue: dataType) else {
            throw .invalidTensor(name: name, reason: "element type \(dataType) is not supported")
        }
        let shape = try checkedShape()
        // Before anything is read: a shape that claims more or less than the file holds takes no memory.
        guard bytes.count == 0 || bytes.count == (shape.count * type.width + 7) / 8 else {
            throw .invalidTensor(name: name, reason: "shape \(shape) with \(bytes.count) bytes")
        }
        if type == .float, bytes.count > 0 {
            return .floats(
                try Tensor(shape: shape) { (target) throws(ONNXError) in
                    try bytes.copy(to: UnsafeMutableRawBufferPointer(target))
                })
        }
        return try bytes.read { bytes throws(ONNXError) in try constant(of: type, shape, bytes) }
    }

    /// The tensor of these bytes, which are as many as it takes; of the values that the message lists one by one where there
    /// are none.
    private func constant(
        of type: ElementType, _ shape: Shape, _ bytes: UnsafeRawBufferPointer
    ) throws(ONNXError) -> Constant {
        switch type {
        case .float: return .floats(try floats(shape, bytes, listed: floatData) { $0 as Float })
        case .double: return .floats(try floats(shape, bytes, listed: doubleData) { Float($0) })
        case .float16:
            return .floats(
                try floats(
                    shape, bytes, listed: int32Data.map { UInt16(truncatingIfNeeded: $0) }, Float.init(halfPattern:)))
        case .bfloat16:
            return .floats(
                try floats(shape, bytes, listed: int32Data.map { UInt16(truncatingIfNeeded: $0) }) {
                    Float(bitPattern: UInt32($0) << 16)
                })
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float4e2m1, .float8e8m0:
            guard let format = type.smallFloat else { break }
            let codes = try codes(shape, bytes, width: format.width)
            return .floats(
                Tensor(shape: shape) { for index in $0.indices { $0[index] = format.value(ofBits: codes[index]) } })
        case .uint2, .int2, .uint4, .int4:
            guard let width = type.integerWidth else { break }
            let codes = try codes(shape, bytes, width: width)
            let half = 1 << (width - 1)
            let values = codes.map { type.isSigned ? (Int($0) ^ half) - half : Int($0) }
            return .integers(shape: shape, values: values)
        case .int64: return .integers(shape: shape, values: try integers(shape, bytes, listed: int64Data))
        case .int32: return .integers(shape: shape, values: try integers(shape, bytes, listed: int32Data))
        case .int8:
            let listed = int32Data.map { Int8(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, bytes, listed: listed))
        case .int16:
            let listed = int32Data.map { Int16(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, bytes, listed: listed))
        case .uint16:
            let listed = int32Data.map { UInt16(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, bytes, listed: listed))
        // Those that are listed lie in a field that no network seen so far uses.
        case .uint32: return .integers(shape: shape, values: try integers(shape, bytes, listed: [] as [UInt32]))
        case .uint64:
            let values = try elements(shape, bytes, listed: [] as [UInt64]) { source in
                (0..<shape.count).map { Int(exactly: source($0)) }
            }
            guard !values.contains(nil) else {
                throw .invalidTensor(name: name, reason: "it holds integers beyond \(Int.max)")
            }
            return .integers(shape: shape, values: values.compactMap { $0 })
        case .uint8, .bool:
            let listed = int32Data.map { UInt8(truncatingIfNeeded: $0) }
            return .integers(shape: shape, values: try integers(shape, bytes, listed: listed))
        }
        throw .invalidTensor(name: name, reason: "element type \(dataType) is not supported")
    }

    /// What the numbers stand for.
    var element: Element { ElementType(rawValue: dataType)?.element ?? .float }

    /// The bits of each value, of which several may share a byte, the first one the lowest bits.
    private func codes(
        _ shape: Shape, _ stored: UnsafeRawBufferPointer, width: Int
    ) throws(ONNXError) -> [UInt8] {
        let bytes = stored.isEmpty ? int32Data.map { UInt8(truncatingIfNeeded: $0) } : Array(stored)
        let perByte = 8 / width
        guard bytes.count == (shape.count + perByte - 1) / perByte else {
            throw .invalidTensor(name: name, reason: "shape \(shape) with \(bytes.count) bytes")
        }
        let mask = UInt8(truncatingIfNeeded: 1 << width - 1)
        return (0..<shape.count).map { bytes[$0 / perByte] >> UInt8($0 % perByte * width) & mask }
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
        _ shape: Shape, _ bytes: UnsafeRawBufferPointer, listed: [Source], _ widen: (Source) -> Float
    ) throws(ONNXError) -> Tensor {
        try elements(shape, bytes, listed: listed) { source in
            Tensor(shape: shape) { target in
                for index in target.indices { target[index] = widen(source(index)) }
            }
        }
    }

    private func integers<Source: BitwiseCopyable & FixedWidthInteger>(
        _ shape: Shape, _ bytes: UnsafeRawBufferPointer, listed: [Source]
    ) throws(ONNXError) -> [Int] {
        try elements(shape, bytes, listed: listed) { source in (0..<shape.count).map { Int(source($0)) } }
    }

    /// Calls `body` with access to the elements, wherever the file keeps them; the number of those that are listed is
    /// checked first, so that a shape that claims more than the file holds allocates nothing.
    private func elements<Source: BitwiseCopyable, R>(
        _ shape: Shape, _ bytes: UnsafeRawBufferPointer, listed: [Source], _ body: ((Int) -> Source) -> R
    ) throws(ONNXError) -> R {
        if bytes.isEmpty {
            guard listed.count == shape.count else {
                throw .invalidTensor(name: name, reason: "shape \(shape) with \(listed.count) values")
            }
            return body { listed[$0] }
        }
        return body { bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Source>.stride, as: Source.self) }
    }
}
