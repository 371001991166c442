import Foundation
import Glibc
import WireProtocol

/// The photos of a folder on this machine.
enum PhotoFolder {
    /// Paths below `folder` of the files whose names are a photo's, in alphabetical order. Hidden files and folders,
    /// pictures that stand beside a photo as its sidecars, and links to folders are passed over.
    ///
    /// - Parameters:
    ///   - isRecursive: whether folders below it are looked into.
    ///   - excluded: a folder whose files are not wanted, absolute; results that lie below the photos for one.
    /// - Throws: `CommandFailure` where a folder cannot be read.
    static func photos(in folder: String, isRecursive: Bool, excluded: String) throws -> [String] {
        var found: [String] = []
        var waiting = [""]
        while let below = waiting.popLast() {
            let path = below.isEmpty ? folder : "\(folder)/\(below)"
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: path)
            } catch {
                throw CommandFailure("cannot read the folder \(path): check that it exists and that you may")
            }
            let present = Set(names)
            for name in names where !name.hasPrefix(".") {
                let relative = below.isEmpty ? name : "\(below)/\(name)"
                var status = stat()
                guard lstat("\(folder)/\(relative)", &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    if isRecursive, real("\(folder)/\(relative)") != real(excluded) { waiting.append(relative) }
                } else if isPhoto(name), !isSidecar(name, beside: present) {
                    found.append(relative)
                }
            }
        }
        return found.sorted()
    }

    /// Whether the path leads to a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    private static func isPhoto(_ name: String) -> Bool {
        guard let ending = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last else {
            return false
        }
        return PhotoKind.allCases.contains { $0.endings.contains(ending.lowercased()) }
    }

    /// `cat.jpg.overlay.jpg` where there is a `cat.jpg`.
    private static func isSidecar(_ name: String, beside names: Set<String>) -> Bool {
        SidecarKind.pictures.contains { kind in
            name.hasSuffix(kind.suffix) && names.contains(String(name.dropLast(kind.suffix.count)))
        }
    }
}
