public import Foundation

/// NumPy's `.npy` container, versions 1 to 3, for C-ordered little-endian arrays. Float32 is written, and read without
/// loss; all other numbers become Float32 on reading, and flags 0 and 1. Format: numpy.lib.format, "NPY format".
extension Tensor {
    /// - Throws: `TensorError.malformedNPY` or `.unsupportedNPY`; never traps, whatever the bytes.
    public init(npy data: Data) throws(TensorError) {
        let header = try NPYHeader(data)
        let shape = try Shape(header.dimensions)
        let payload = data.dropFirst(header.length)
        let (needed, overflow) = shape.count.multipliedReportingOverflow(by: header.element.size)
        guard !overflow, payload.count == needed else {
            throw .malformedNPY(
                "shape \(shape) of \(header.element.rawValue) needs \(needed) bytes, \(payload.count) follow")
        }
        self.init(shape: shape) { target in
            payload.withUnsafeBytes { bytes in
                for index in 0..<target.count {
                    target[index] = header.element.read(bytes, at: index)
                }
            }
        }
    }

    /// The tensor as a version 1.0 `.npy` file of `<f4`; integers become `<i8`, flags `|b1`.
    ///
    /// - Throws: `TensorError.inexactInteger` where an integer is not to be told from its neighbours, or none.
    public func npyData(of element: Element) throws(TensorError) -> Data {
        switch element {
        case .float: return npyData()
        case .integer:
            let limit = Float(Element.largestExactInteger)
            let bad = withUnsafeValues { $0.first { !(abs($0) <= limit && $0 == $0.rounded()) } }
            if let bad { throw .inexactInteger(bad) }
            var data = npyHeader("<i8")
            withUnsafeValues { values in
                for value in values { withUnsafeBytes(of: Int64(value).littleEndian) { data.append(contentsOf: $0) } }
            }
            return data
        case .flag:
            var data = npyHeader("|b1")
            withUnsafeValues { values in data.append(contentsOf: values.map { $0 != 0 ? 1 : 0 }) }
            return data
        }
    }

    /// The tensor as a version 1.0 `.npy` file of `<f4`.
    public func npyData() -> Data {
        var data = npyHeader("<f4")
        withUnsafeValues { data.append(contentsOf: UnsafeRawBufferPointer($0)) }
        return data
    }

    private func npyHeader(_ type: String) -> Data {
        let extents = shape.dimensions.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
        let unpadded = NPYHeader.magic.count + 4 + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        var data = Data(NPYHeader.magic + [1, 0, UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)])
        data.append(contentsOf: header.utf8)
        return data
    }
}

private struct NPYHeader {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// No honest header of an array of up to 32 axes is longer.
    static let longest = 4096

    enum Element: String {
        case float16 = "<f2", float32 = "<f4", float64 = "<f8"
        case int8 = "|i1", int16 = "<i2", int32 = "<i4", int64 = "<i8"
        case uint8 = "|u1", uint16 = "<u2", uint32 = "<u4", uint64 = "<u8"
        case flag = "|b1"

        /// In bytes.
        var size: Int {
            switch self {
            case .int8, .uint8, .flag: 1
            case .float16, .int16, .uint16: 2
            case .float32, .int32, .uint32: 4
            case .float64, .int64, .uint64: 8
            }
        }

        func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Float {
            func load<T: BitwiseCopyable>(_: T.Type) -> T {
                bytes.loadUnaligned(fromByteOffset: index * size, as: T.self)
            }
            return switch self {
            case .float16: Float(halfPattern: load(UInt16.self))
            case .float32: load(Float.self)
            case .float64: Float(load(Double.self))
            case .int8: Float(load(Int8.self))
            case .int16: Float(load(Int16.self))
            case .int32: Float(load(Int32.self))
            case .int64: Float(load(Int64.self))
            case .uint8: Float(load(UInt8.self))
            case .uint16: Float(load(UInt16.self))
            case .uint32: Float(load(UInt32.self))
            case .uint64: Float(load(UInt64.self))
            case .flag: load(UInt8.self) == 0 ? 0 : 1
            }
        }
    }

    let element: Element
    let dimensions: [Int]
    /// Bytes before the first value.
    let length: Int

    init(_ data: Data) throws(TensorError) {
        let bytes = [UInt8](data.prefix(NPYHeader.longest + 12))
        guard bytes.count >= 10, Array(bytes.prefix(6)) == NPYHeader.magic else {
            throw .malformedNPY("it does not begin with the NUMPY magic string")
        }
        let isFirstVersion = bytes[6] == 1
        guard (1...3).contains(bytes[6]) else { throw .unsupportedNPY("format version \(bytes[6])") }
        let start = isFirstVersion ? 10 : 12
        guard bytes.count >= start else { throw .malformedNPY("the header is cut off") }
        var textLength = Int(bytes[8]) | Int(bytes[9]) << 8
        if !isFirstVersion { textLength |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        guard textLength <= NPYHeader.longest else { throw .malformedNPY("a header of \(textLength) bytes") }
        guard bytes.count >= start + textLength else { throw .malformedNPY("the header is cut off") }
        let text = String(decoding: bytes[start..<start + textLength], as: UTF8.self)

        guard let type = NPYHeader.quotedValue(of: "descr", in: text) else {
            throw .malformedNPY("the header names no 'descr'")
        }
        guard let element = Element(rawValue: type) else { throw .unsupportedNPY("values of type '\(type)'") }
        guard text.contains("'fortran_order': False") else { throw .unsupportedNPY("Fortran order") }
        guard let shapeKey = text.range(of: "'shape': ("),
            let end = text.range(of: ")", range: shapeKey.upperBound..<text.endIndex)
        else { throw .malformedNPY("the header names no 'shape'") }
        var dimensions: [Int] = []
        for part in text[shapeKey.upperBound..<end.lowerBound].split(separator: ",") {
            let digits = part.trimmingCharacters(in: .whitespaces)
            if digits.isEmpty { continue }
            guard let extent = Int(digits) else { throw .malformedNPY("'\(digits)' is no extent") }
            dimensions.append(extent)
        }
        guard dimensions.count <= 32 else { throw .unsupportedNPY("\(dimensions.count) axes") }
        self.element = element
        self.dimensions = dimensions
        length = start + textLength
    }

    private static func quotedValue(of key: String, in text: String) -> String? {
        guard let start = text.range(of: "'\(key)': '"),
            let end = text.range(of: "'", range: start.upperBound..<text.endIndex)
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
