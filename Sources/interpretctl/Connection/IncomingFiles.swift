import Digests
import Foundation
import Glibc
import Synchronization
import WireProtocol

/// The files of a result, which come in parts ahead of it. They lie in a hidden folder within the output folder until
/// all of them are there and proven; what fails or is interrupted leaves nothing behind.
///
/// Used by one task; ``discard()`` may be called from anywhere.
final class IncomingFiles: Sendable {
    private struct State {
        var current: IncomingFile?
        var finished: [SentFile] = []
        /// Completed or discarded.
        var isOver = false
    }

    private let folder: String
    /// On the same disk as the output, so that renaming is all that is left to do.
    private let staging: String
    private let madeFolder: Bool
    private let state = Mutex(State())

    /// Makes the folder, where there is none: better now than after minutes of work.
    ///
    /// - Throws: `CommandFailure` where it cannot be made or written.
    init(folder: String) throws {
        self.folder = folder
        madeFolder = Files.isMissing(folder)
        do {
            staging = try ScratchFolder(in: folder, named: ".incomplete").path
        } catch {
            if madeFolder { _ = rmdir(folder) }
            throw error
        }
    }

    /// Writes the next part.
    ///
    /// - Throws: `CommandFailure` where the disk is full, or where the part is not the one that should come.
    func receive(_ part: FilePart) throws {
        try state.withLock { state in
            guard !state.isOver else { throw CommandFailure("interrupted") }
            if state.current == nil {
                guard !part.name.isEmpty, !part.name.contains("/"), !part.name.hasPrefix("."),
                    !state.finished.contains(where: { $0.name == part.name })
                else {
                    throw CommandFailure("the daemon sends a file under the name '\(part.name)'; nothing is written")
                }
                state.current = try IncomingFile(part, in: staging, shownAs: "\(folder)/\(part.name)")
            }
            if let sent = try state.current?.append(part) {
                state.finished.append(sent)
                state.current = nil
            }
        }
    }

    /// Gives the files their names, in the order in which they came.
    ///
    /// - Parameters:
    ///   - files: what the result says of them.
    ///   - name: the name of the only file; what the daemon calls it where nil.
    /// - Throws: `CommandFailure` where something is missing or differs, and then no file has got its name.
    func complete(_ files: [SentFile], named name: String? = nil) throws {
        try state.withLock { state in
            guard !state.isOver else { throw CommandFailure("interrupted") }
            guard state.current == nil, state.finished == files, name == nil || files.count == 1 else {
                throw CommandFailure("the files did not arrive as the daemon sent them; nothing is written, try again")
            }
            for file in files {
                let path = "\(folder)/\(name ?? file.name)"
                guard rename("\(staging)/\(file.name)", path) == 0 else {
                    throw CommandFailure("cannot write \(path): \(Files.reason(errno))")
                }
            }
            _ = rmdir(staging)
            state.isOver = true
        }
    }

    /// Removes what is there of files that are not complete. Does nothing after ``complete(_:)``.
    func discard() {
        state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            state.current = nil
            try? FileManager.default.removeItem(atPath: staging)
            // Only where it is empty.
            if madeFolder { _ = rmdir(folder) }
        }
    }
}

/// One file under way.
private final class IncomingFile {
    private let name: String
    private let size: Int
    /// For messages.
    private let path: String
    private let descriptor: CInt
    private var count = 0
    /// Nil once it is asked.
    private var digest: SHA256? = SHA256()

    init(_ part: FilePart, in folder: String, shownAs path: String) throws {
        name = part.name
        size = part.size
        self.path = path
        descriptor = open("\(folder)/\(part.name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CommandFailure("cannot write \(path): \(Files.reason(errno))") }
    }

    deinit { close(descriptor) }

    /// - Returns: the file once it is complete and on the disk.
    func append(_ part: FilePart) throws -> SentFile? {
        guard part.name == name, part.size == size, part.offset == count, part.data.count <= size - count,
            !part.data.isEmpty || size == 0
        else { throw CommandFailure("the parts of \(path) do not come in order; nothing is written, try again") }
        let failure = Terminal.writeAll(part.data, to: descriptor)
        guard failure == 0 else { throw CommandFailure("cannot write \(path): \(Files.reason(failure))") }
        digest?.update(part.data)
        count += part.data.count
        guard count == size, let digest = digest.take() else { return nil }
        guard fsync(descriptor) == 0 else { throw CommandFailure("cannot write \(path): \(Files.reason(errno))") }
        return SentFile(name: name, size: size, sha256: digest.hexDigest())
    }
}
