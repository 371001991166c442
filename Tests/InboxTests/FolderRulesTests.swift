import Digests
import Files
import Foundation
import Glibc
import Inbox
import Testing
import WireProtocol

@Suite("What counts as a photo")
struct FolderRulesTests {
    @Test(
        "JPEG names count in any case", arguments: ["a.jpg", "IMG_1.JPG", "b.jpeg", "c.JpEg", "a.b.jpg", "x.part.jpg"])
    func photos(name: String) {
        #expect(InboxRules.isPhoto(name: name))
    }

    @Test(
        "other files, hidden files and uploads in progress do not",
        arguments: [
            "a.png", "jpg", ".jpg", ".IMG_1.jpg", "._IMG_1.jpg", "IMG_1.jpg.part", "IMG_1.jpg.tmp",
            "IMG_1.jpg.filepart",
            "IMG_1.jpg.crdownload", "IMG_1.jpg~", "", "a.", "IMG_1.jpg.boxes.json", "IMG_1.jpg.error.json",
        ])
    func others(name: String) {
        #expect(!InboxRules.isPhoto(name: name))
    }

    @Test(
        "the daemon's own pictures do not",
        arguments: ["IMG_1.jpg.overlay.jpg", "a.JPEG.saliency.jpg", "a.b.jpg.mask.jpg", "a.jpg.occlusion.jpg"])
    func sidecars(name: String) {
        #expect(!InboxRules.isPhoto(name: name))
    }

    @Test(
        "a customer's photo that only sounds like one does",
        arguments: ["my.overlay.jpg", "overlay.jpg", "a.png.mask.jpg"])
    func customersOwn(name: String) {
        #expect(InboxRules.isPhoto(name: name))
    }

    @Test("a scan finds photos at any depth, and nothing through links, dot-folders or storage folders")
    func scan() throws {
        let folder = try TestFolder()
        let expected = try [
            folder.write("a.jpg"), folder.write("deep/er/b.JPG"), folder.write("line\nbreak \"quoted\".jpg"),
        ]
        for name in ["a.jpg.overlay.jpg", "a.jpg.boxes.json", "note.txt", ".hidden/c.jpg", "@eaDir/d.jpg"] {
            try folder.write(name)
        }
        try folder.makeFolder("folder.jpg")
        let outside = try TestFolder()
        try outside.write("secret.jpg")
        try FileManager.default.createSymbolicLink(at: folder.url("loop"), withDestinationURL: folder.url)
        try FileManager.default.createSymbolicLink(
            at: folder.url("link.jpg"), withDestinationURL: outside.url("secret.jpg"))
        #expect(mkfifo(folder.url("pipe.jpg").path, 0o600) == 0)

        #expect(scanPhotos(folder.path).sorted() == expected.sorted())
    }

    @Test("a name that is not UTF-8 is found with its bytes")
    func invalidUTF8() throws {
        let folder = try TestFolder()
        let path = folder.path.appending([0x61, 0xFF, 0xFE] + Array(".jpg".utf8))
        try folder.write(at: path)

        let found = try #require(scanPhotos(folder.path).first)
        #expect(found.bytes == path.bytes)
        #expect(!found.isUTF8)
        #expect(found.string.hasSuffix("a\u{FFFD}\u{FFFD}.jpg"))
    }

    @Test("a folder that cannot be read is reported, and the walk goes on")
    func unreadable() throws {
        let folder = try TestFolder()
        var scan = InboxScan(of: folder.path("missing"))
        guard case .unreadable(let error)? = scan.next(atMost: 10).first else {
            Issue.record("nothing was reported")
            return
        }
        #expect(error.meansGone)
        #expect(error.errorNumber == ENOENT)
    }

    @Test("a path knows its folder, its name and what is inside it")
    func paths() {
        let path = FilePath("/inbox/day/IMG_1.jpg")
        #expect(path.folder == FilePath("/inbox/day"))
        #expect(path.name == Array("IMG_1.jpg".utf8))
        #expect(FilePath("/inbox/") == FilePath("/inbox"))
        #expect(path.isInside(FilePath("/inbox")))
        #expect(!FilePath("/inbox2/a.jpg").isInside(FilePath("/inbox")))
        #expect(FilePath("/a.jpg").folder == FilePath("/"))
        #expect(FilePath("a\0b") == FilePath("a"))
    }

    /// Expected values: FIPS 180-4's examples as published by NIST (empty, "abc", two blocks), and a million "a".
    @Test(
        "SHA-256 agrees with the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func sha256(text: String, digest: String) {
        #expect(SHA256.hexDigest(of: Data(text.utf8)) == digest)
    }
}

func scanPhotos(_ folder: FilePath) -> [FilePath] {
    var scan = InboxScan(of: folder)
    var found: [FilePath] = []
    while true {
        let batch = scan.next(atMost: 3)
        if batch.isEmpty { return found }
        for case .photo(let path, _) in batch { found.append(path) }
    }
}
