package import Files
import Foundation
import WireProtocol

/// The folders in which the daemon opens what a client names: the inbox, and what the configuration adds. Everything else is
/// opened by the client, with the client's rights, and sent.
///
/// About what lies elsewhere every answer is the same, whether it is there or not.
package struct PermittedFolders: Sendable {
    /// Real paths.
    let folders: [FilePath]

    package init(folders: [FilePath]) { self.folders = folders }

    /// A path that a client has named, and the folder that it lies in.
    struct Place: Sendable {
        let path: FilePath
        let folder: FilePath
    }

    /// Where the photo at `path` lies.
    ///
    /// - Throws: `RPCError` with `invalid-params` for what is no absolute path; `photo-unreadable` and `permission-denied` for
    ///   a place elsewhere, so that the client sends the bytes.
    func place(ofPhoto path: String) throws(RPCError) -> Place {
        if let place = try place(of: path, member: "photo") { return place }
        throw .unreadable(
            photo: path, reason: RPCError.permissionDenied,
            message:
                "the daemon opens photos only in its inbox and in the folders that its configuration names as 'roots'; put it into "
                + "one of them, or send its bytes in the place of its path")
    }

    /// The real path of a folder within a permitted one.
    ///
    /// - Throws: `RPCError` with `invalid-params` for what is no absolute path, `bad-parameter` for a folder elsewhere or one
    ///   that cannot be read.
    package func folder(_ path: String, member: String) async throws -> FilePath {
        guard let place = try place(of: path, member: member) else { throw refusal(path) }
        let real = try await FileWork.run(on: place.path) { () throws(RPCError) in
            guard let real = place.path.withCString({ realpath($0, nil) }) else {
                throw RPCError(
                    .badParameter,
                    "the daemon cannot read the folder \(path): \(String(cString: strerror(errno))); let its user or group "
                        + "read it")
            }
            defer { free(real) }
            return FilePath(String(cString: real))
        }
        // A link within may lead out.
        guard folders.contains(where: real.isInside) else { throw refusal(path) }
        return real
    }

    private func refusal(_ path: String) -> RPCError {
        RPCError(
            .badParameter,
            "the daemon looks only into its inbox and the folders that its configuration names as 'roots', and \(path) is in "
                + "none of them")
    }

    /// Nil for a place that is not permitted.
    private func place(of path: String, member: String) throws(RPCError) -> Place? {
        guard path.hasPrefix("/") else {
            throw RPCError(.invalidParameters, "'\(member)' should be an absolute path, got '\(path)'")
        }
        // The system would take it for the end of the path.
        guard !path.utf8.contains(0) else {
            throw RPCError(.invalidParameters, "'\(member)' should be a path, and no path has a NUL in it")
        }
        guard !path.split(separator: "/").contains("..") else { return nil }
        let file = FilePath(path)
        return folders.first { file.isInside($0) }.map { Place(path: file, folder: $0) }
    }
}
