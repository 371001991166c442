package import Files
package import Inbox

/// What the page needs to know of the inbox: which files are photos of it.
package protocol PhotoLookup: Sendable {
    /// What is known of the photo at `path`; nil where it is none of the inbox's.
    func known(_ path: FilePath) async throws -> PhotoRecord?
}

extension PhotoLookup {
    /// The same of a path as text, which must be the path and no more: a NUL would end it for the system alone.
    func known(_ path: String) async throws -> PhotoRecord? {
        path.utf8.contains(0) ? nil : try await known(FilePath(path))
    }
}

extension Catalog: PhotoLookup {
    package func known(_ path: FilePath) async throws -> PhotoRecord? { try await record(of: path) }
}
