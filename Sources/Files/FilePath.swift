/// A path as the kernel knows it: bytes without NUL, in no promised encoding.
///
/// Memory cards and old scanners leave names that are not UTF-8. A `String` would repair such a name, and the
/// repaired name opens no file; the bytes always do.
public struct FilePath: Hashable, Sendable {
    /// The bytes of the path; no NUL among them, no trailing slash except for the root.
    public let bytes: [UInt8]

    /// The path of `string`'s UTF-8. A NUL ends it, as it would in C.
    public init(_ string: String) {
        self.init(bytes: Array(string.utf8))
    }

    /// The path of `bytes` up to the first NUL.
    public init(bytes: [UInt8]) {
        var bytes = Array(bytes.prefix { $0 != 0 })
        while bytes.count > 1, bytes.last == FilePath.slash { bytes.removeLast() }
        self.bytes = bytes
    }

    package static let slash = UInt8(ascii: "/")
    package static let dot = UInt8(ascii: ".")

    /// The path as text; bytes that are not UTF-8 read as U+FFFD. For people and for JSON, not for opening files.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether ``string`` says exactly these bytes.
    public var isUTF8: Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// The bytes after the last slash.
    public var name: [UInt8] {
        guard let slash = bytes.lastIndex(of: FilePath.slash) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    /// The folder that holds this file; `.` for a bare name, `/` for a child of the root.
    public var folder: FilePath {
        guard let slash = bytes.lastIndex(of: FilePath.slash) else { return FilePath(".") }
        return slash == 0 ? FilePath("/") : FilePath(bytes: Array(bytes[..<slash]))
    }

    /// The child of this folder called `name`.
    public func appending(_ name: [UInt8]) -> FilePath {
        FilePath(bytes: bytes.last == FilePath.slash ? bytes + name : bytes + [FilePath.slash] + name)
    }

    /// The child of this folder called `name`.
    public func appending(_ name: String) -> FilePath { appending(Array(name.utf8)) }

    /// The file beside this one whose name is this one's and `suffix`: `IMG_1.jpg` and `.boxes.json`.
    public func adding(suffix: String) -> FilePath { FilePath(bytes: bytes + Array(suffix.utf8)) }

    /// Whether this is `folder` or lies somewhere below it.
    public func isInside(_ folder: FilePath) -> Bool {
        guard bytes.starts(with: folder.bytes) else { return false }
        return bytes.count == folder.bytes.count || folder.bytes.last == FilePath.slash
            || bytes[folder.bytes.count] == FilePath.slash
    }

    /// Calls `body` with the path as C wants it.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        var terminated = bytes.map { CChar(bitPattern: $0) }
        terminated.append(0)
        return try terminated.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return try "".withCString(body) }
            return try body(base)
        }
    }
}

extension FilePath: CustomStringConvertible {
    public var description: String { string }
}

extension FilePath: Comparable {
    public static func < (left: FilePath, right: FilePath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
