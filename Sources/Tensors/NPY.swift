public import Foundation

/// NumPy's `.npy` container, versions 1 to 3, for C-ordered little-endian float32 arrays (float64 and the integers
/// are narrowed on reading). Format: numpy.lib.format, "NPY format".
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

    /// The tensor as a version 1.0 `.npy` file of `<f4`.
    public func npyData() -> Data {
        let extents = shape.dimensions.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        let unpadded = NPYHeader.magic.count + 4 + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        var data = Data(NPYHeader.magic + [1, 0, UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)])
        data.append(contentsOf: header.utf8)
        withUnsafeValues { data.append(contentsOf: UnsafeRawBufferPointer($0)) }
        return data
    }
}

private struct NPYHeader {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// No honest header of an array of up to 32 axes is longer.
    static let longest = 4096

    enum Element: String {
        case float32 = "<f4", float64 = "<f8", int32 = "<i4", int64 = "<i8", uint8 = "|u1"

        var size: Int {
            switch self {
            case .uint8: 1
            case .float32, .int32: 4
            case .float64, .int64: 8
            }
        }

        func read(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Float {
            func load<T: BitwiseCopyable>(_: T.Type) -> T {
                bytes.loadUnaligned(fromByteOffset: index * size, as: T.self)
            }
            return switch self {
            case .float32: load(Float.self)
            case .float64: Float(load(Double.self))
            case .int32: Float(load(Int32.self))
            case .int64: Float(load(Int64.self))
            case .uint8: Float(load(UInt8.self))
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
