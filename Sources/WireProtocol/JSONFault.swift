package import Foundation

/// Where a file that people write stops being JSON, and why.
package struct JSONFault: Sendable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    package let reason: String

    package var description: String { "line \(line) is not JSON: \(reason)" }

    /// Nil where the file is JSON.
    package init?(in contents: Data) {
        do throws(JSONSyntaxError) {
            _ = try JSONText.outline(of: contents)
            return nil
        } catch {
            line = contents.prefix(error.offset).count { $0 == 0x0A } + 1
            reason = error.reason
        }
    }
}
