import Files
import WireProtocol

/// What in the inbox is a photo, and what is the daemon's own or nobody's business.
///
/// Rules are about bytes, because names need not be UTF-8.
public enum InboxRules {
    /// Ends of the picture sidecars. `boxes.json` and `error.json` are no JPEG names and need no rule.
    public static let pictureSidecarSuffixes = SidecarKind.pictures.map(\.suffix)

    /// Folders that storage systems and Windows put among photos, full of thumbnails and deleted files.
    public static let ignoredFolders: Set<String> = [
        "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found",
    ]

    /// Whether a file of this name is a photo to look at.
    ///
    /// Those with an ending of ``PhotoKind`` are, in any case; dotfiles (also macOS's `._IMG_1.jpg`) are not, and neither are the
    /// daemon's sidecars: `IMG_1.jpg.overlay.jpg` is one, because what stands before the suffix is a photo's name;
    /// a customer's own `my.overlay.jpg` is a photo. Uploads in progress (`.part`, `.tmp`, `.filepart`,
    /// `.crdownload`) have another ending and become photos when they are renamed.
    public static func isPhoto(name: [UInt8]) -> Bool {
        guard hasPhotoExtension(name[...]) else { return false }
        return !pictureSidecarSuffixes.contains { suffix in
            let suffix = Array(suffix.utf8)
            return name.count > suffix.count && name.suffix(suffix.count).elementsEqual(suffix)
                && hasPhotoExtension(name.dropLast(suffix.count))
        }
    }

    /// Whether a file of this name is a photo to look at.
    public static func isPhoto(name: String) -> Bool { isPhoto(name: Array(name.utf8)) }

    /// Endings of files that are still being written or sent, and become something else when they are renamed.
    private static let unfinishedEndings: Set<String> = ["part", "partial", "tmp", "temp", "filepart", "crdownload"]
    /// What systems put among photos by themselves.
    private static let systemFiles: Set<String> = ["thumbs.db", "desktop.ini"]

    /// Whether a file of this name is somebody's, and none that is read: no photo, no sidecar, nothing hidden or
    /// unfinished.
    public static func isUnread(name: [UInt8]) -> Bool {
        guard let first = name.first, first != FilePath.dot, !isPhoto(name: name), !isSidecar(name: name) else {
            return false
        }
        let text = String(decoding: name, as: UTF8.self).lowercased()
        let ending = text.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        return !systemFiles.contains(text) && !unfinishedEndings.contains(ending)
    }

    /// Whether the file of this name would be a sidecar of a photo.
    static func isSidecar(name: [UInt8]) -> Bool { photo(ofSidecar: name) != nil }

    /// The name of the photo of which a file of this name would be a sidecar, or its stem where the photo's name is long;
    /// nil where it would be none.
    static func photo(ofSidecar name: [UInt8]) -> [UInt8]? {
        for kind in SidecarKind.allCases {
            let suffix = Array(kind.suffix.utf8)
            let photo = name.dropLast(suffix.count)
            if name.count > suffix.count, name.suffix(suffix.count).elementsEqual(suffix), hasPhotoExtension(photo) {
                return Array(photo)
            }
        }
        return nil
    }

    /// Whether the folder of this name is looked into: not a dot-folder and not one of ``ignoredFolders``.
    public static func isWatchedFolder(name: [UInt8]) -> Bool {
        guard let first = name.first, first != FilePath.dot else { return false }
        return !ignoredFolders.contains(String(decoding: name, as: UTF8.self))
    }

    private static func hasPhotoExtension(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, first != FilePath.dot, let dot = name.lastIndex(of: FilePath.dot) else {
            return false
        }
        let ending = String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
        return PhotoKind.allCases.contains { $0.endings.contains(ending) }
    }
}
