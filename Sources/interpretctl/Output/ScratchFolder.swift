import Foundation
import Glibc

/// A folder for files on their way to where they belong.
struct ScratchFolder: Sendable {
    let path: String

    /// - Parameter name: what its own begins with.
    /// - Throws: `CommandFailure` where nothing can be written.
    init(in parent: String, named name: String) throws {
        try Files.makeFolder(parent)
        var own = Array("\(parent)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&own) != nil else { throw CommandFailure("cannot write into \(parent): \(Files.reason(errno))") }
        path = String(decoding: own.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes it and all that is in it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
