/// Why a file of truths cannot be read: which file, where in it, and what to do.
public struct TruthError: Error, CustomStringConvertible, Sendable, Hashable {
    public let file: String
    /// From 1; nil where it is about the file as a whole.
    public let line: Int?
    public let reason: String

    public init(_ file: String, line: Int? = nil, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    public var description: String { "\(file)\(line.map { ", line \($0)" } ?? ""): \(reason)" }
}
