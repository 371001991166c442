public import Foundation

/// Parameters of the notification `file`, which goes to the requester alone, ahead of the answer: the next bytes of a
/// file that belongs to the result. Files come one after the other, each in order and without gaps, an empty one in one
/// part without data.
public struct FilePart: Codable, Sendable, Hashable {
    /// The request whose result the file belongs to.
    public var id: RequestID
    /// A bare file name.
    public var name: String
    /// Where `data` begins in the file.
    public var offset: Int
    /// Of the whole file, in bytes.
    public var size: Int
    /// At most ``WireLimits/filePartBytes``.
    public var data: Data

    public init(id: RequestID, name: String, offset: Int, size: Int, data: Data) {
        self.id = id
        self.name = name
        self.offset = offset
        self.size = size
        self.data = data
    }
}

/// A file that was sent ahead of the result that lists it.
public struct SentFile: Codable, Sendable, Hashable {
    public var name: String
    /// In bytes.
    public var size: Int
    /// Lower-case hexadecimal.
    public var sha256: String

    public init(name: String, size: Int, sha256: String) {
        self.name = name
        self.size = size
        self.sha256 = sha256
    }
}
