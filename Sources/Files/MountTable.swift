package import Foundation

/// Which file system a path lies on, as far as its name tells. Nothing here asks a disk: the kernel's table is read, and
/// that answers also while a disk does not.
package enum MountTable {
    /// The folder at which the file system of `path` is mounted; the root where the table says nothing.
    package static func mountPoint(of path: FilePath) -> FilePath {
        let table = try? Data(contentsOf: URL(filePath: "/proc/self/mountinfo"))
        return mountPoint(of: path, in: table ?? Data())
    }

    /// - Parameter table: lines as in `/proc/self/mountinfo`; their fifth word is the mount point (proc(5)).
    package static func mountPoint(of path: FilePath, in table: Data) -> FilePath {
        var longest = FilePath("/")
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard words.count > 4 else { continue }
            let point = FilePath(bytes: unescaped(words[4]))
            if point.bytes.count > longest.bytes.count, path.isInside(point) { longest = point }
        }
        return longest
    }

    /// The kernel writes a space, a tab, a line break and a backslash as `\` and three octal digits.
    private static func unescaped(_ word: Data) -> [UInt8] {
        var result: [UInt8] = []
        var rest = word[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                result.append(byte)
                continue
            }
            rest = rest.dropFirst(3)
            result.append(value)
        }
        return result
    }
}
