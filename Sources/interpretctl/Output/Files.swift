import ArgumentParser
import Foundation
import Glibc
import WireProtocol

/// Files the client reads and writes itself.
enum Files {
    static func absolutePath(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Whether nothing lies there; a folder we may not look into is no proof.
    static func isMissing(_ path: String) -> Bool {
        access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Whether what lies there is a tensor, going by its name.
    static func isTensor(_ path: String) -> Bool { path.lowercased().hasSuffix(".npy") }

    /// The absolute path of a photo.
    ///
    /// - Throws: `CommandFailure` where nothing lies there.
    static func photoPath(_ name: String) throws -> String {
        let path = absolutePath(name)
        guard !isMissing(path) else { throw CommandFailure("there is no photo at \(name)") }
        return path
    }

    /// Checks the name of a picture that is always a JPEG; one without an ending is left to the person.
    static func expectJPEG(_ path: String?) throws {
        guard let path, let dot = name(of: path).lastIndex(of: ".") else { return }
        let ending = name(of: path)[dot...].lowercased()
        guard ending == ".jpg" || ending == ".jpeg" else {
            throw ValidationError("\(name(of: path)) would be a JPEG; let its name end in .jpg")
        }
    }

    /// A file that is to be sent inside a request.
    static func readForSending(_ path: String) throws -> Data {
        let file: FileHandle
        do {
            file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            let reason = isMissing(path) ? "there is no such file" : "permission denied, or it is no file"
            throw CommandFailure("cannot read \(path): \(reason)")
        }
        defer { try? file.close() }
        let content: Data?
        do {
            // One byte more tells a file that is too large, without asking for its size, which may change.
            content = try file.read(upToCount: WireLimits.inlineFileBytes + 1)
        } catch {
            throw CommandFailure("cannot read \(path): it is no regular file, or the disk failed")
        }
        guard let content, !content.isEmpty else { throw CommandFailure("\(path) is empty") }
        guard content.count <= WireLimits.inlineFileBytes else {
            throw CommandFailure(
                "\(path) is larger than the \(Format.bytes(WireLimits.inlineFileBytes)) that can be sent; "
                    + "let the daemon read it: put it where its user may, as in its inbox")
        }
        return content
    }

    /// Writes under a temporary name in the same folder and renames, so that nobody ever sees half a file.
    static func write(_ data: Data, to path: String) throws {
        do {
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure("cannot write \(path): check that the folder exists, is yours and has room")
        }
    }

    /// Some hundred kilobytes at a time.
    static func copyToStandardOutput(_ path: String) throws {
        guard let file = FileHandle(forReadingAtPath: path) else { throw CommandFailure("cannot read \(path)") }
        defer { try? file.close() }
        while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty { Terminal.write(piece) }
    }

    /// What an error's number says, and what to do.
    static func reason(_ errorNumber: Int32) -> String {
        let advice =
            switch errorNumber {
            case ENOSPC, EDQUOT: "; free some space on that disk"
            case EACCES, EPERM, EROFS: "; choose a folder of your own with --output"
            default: ""
            }
        return String(cString: strerror(errorNumber)) + advice
    }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("cannot make the folder \(path): check its name and the rights of the one above")
        }
    }
}
