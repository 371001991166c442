import Files
import Foundation
import Glibc
import Inbox
import Synchronization
import Testing
import WireProtocol

@Suite("Writing sidecars")
struct FolderSidecarTests {
    private let writer = SidecarWriter()

    @Test("they appear under their final names, and nothing else does")
    func writes() throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        try writer.write(exampleResult(for: photo, Data("photo".utf8)).sidecars, beside: photo)
        #expect(folder.names == ["a.jpg", "a.jpg.boxes.json", "a.jpg.overlay.jpg", "a.jpg.saliency.jpg"])
        #expect(folder.contents("a.jpg") == "photo")
    }

    @Test("a reader never sees half of one")
    func atomic() async throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        let isDone = Flag()
        // Two megabytes each, of one letter: any mixture or stump would show.
        let versions = ["x", "y", "z"].map { String(repeating: $0, count: 2_000_000) }
        try writer.write([SidecarFile(.boxes, contents: Data(versions[0].utf8))], beside: photo)
        let reads = Mutex(0)
        let reader = Thread {
            while !isDone.isSet {
                let contents = folder.contents("a.jpg.boxes.json")
                if !versions.contains(contents ?? "") { Issue.record("saw \(contents?.count ?? -1) bytes") }
                reads.withLock { $0 += 1 }
            }
        }
        reader.start()
        for round in 1...20 {
            try writer.write(
                [SidecarFile(.boxes, contents: Data(versions[round % 3].utf8))], beside: photo)
        }
        isDone.set()
        #expect(await eventually { reader.isFinished })
        #expect(reads.withLock { $0 } > 0)
    }

    @Test("boxes.json never appears before its pictures")
    func order() async throws {
        let folder = try TestFolder()
        let isDone = Flag()
        let photos = try (0..<40).map { try folder.write("p\($0).jpg") }
        let reader = Thread {
            while !isDone.isSet {
                for index in 0..<40 where folder.exists("p\(index).jpg.boxes.json") {
                    if !folder.exists("p\(index).jpg.overlay.jpg") { Issue.record("p\(index) is without its overlay") }
                }
            }
        }
        reader.start()
        for photo in photos { try writer.write(exampleResult(for: photo, Data("photo".utf8)).sidecars, beside: photo) }
        isDone.set()
        #expect(await eventually { reader.isFinished })
    }

    @Test("a link planted at a sidecar's name is replaced and not followed")
    func plantedLink() throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        try outside.write("precious.txt", "untouched")
        let photo = try folder.write("a.jpg")
        try FileManager.default.createSymbolicLink(
            at: folder.url("a.jpg.boxes.json"), withDestinationURL: outside.url("precious.txt"))
        try writer.write([SidecarFile(.boxes, contents: Data("new".utf8))], beside: photo)
        #expect(outside.contents("precious.txt") == "untouched")
        #expect(folder.contents("a.jpg.boxes.json") == "new")
        #expect(
            try FileManager.default.attributesOfItem(atPath: folder.url("a.jpg.boxes.json").path)[.type]
                as? FileAttributeType == .typeRegular)
    }

    @Test("what cannot be written leaves no temporary file, and the error keeps errno")
    func failure() throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        try folder.makeFolder("a.jpg.boxes.json/full")  // no file can be renamed over a folder
        let error = #expect(throws: FileError.self) {
            try writer.write(exampleResult(for: photo, Data("photo".utf8)).sidecars, beside: photo)
        }
        #expect(error?.errorNumber == EISDIR)
        #expect(error?.isTransient == false)
        #expect(!folder.names.contains { $0.hasPrefix(".") })
    }

    @Test(
        "a full disk counts as passing, a name that is too long does not",
        arguments: [(ENOSPC, true), (ENAMETOOLONG, false)])
    func kinds(errorNumber: CInt, isTransient: Bool) {
        #expect(FileError("write", FilePath("/a"), errorNumber: errorNumber).isTransient == isTransient)
    }

    @Test("only unfinished files of daemons that are gone are removed")
    func leftovers() throws {
        let folder = try TestFolder()
        // Process numbers end at 2^22 on Linux, so nobody has this one; process 1 always runs.
        let abandoned = try folder.write(".interpretd-99999999-7-1.tmp")
        let others = try [
            folder.write(".interpretd-1-7-1.tmp"), folder.write(".interpretd-notes.tmp"), folder.write(".backup.tmp"),
        ]
        #expect(writer.removeLeftover(abandoned))
        for path in others { #expect(!writer.removeLeftover(path)) }
        #expect(folder.names == [".backup.tmp", ".interpretd-1-7-1.tmp", ".interpretd-notes.tmp"])
    }

    @Test("boxes.json proves the work for the very bytes it names, and only with its pictures")
    func proof() throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        #expect(SidecarProof.verified(beside: photo) == nil)
        try writer.write(exampleResult(for: photo, Data("photo".utf8)).sidecars, beside: photo)
        let proof = try #require(SidecarProof.verified(beside: photo))
        #expect(proof.summary.label == "cat")
        #expect(proof.summary.boxCount == 1)
        #expect(proof.summary.probability == 0.75)

        try folder.write("a.jpg", "other bytes")
        #expect(SidecarProof.verified(beside: photo) == nil)
        try folder.write("a.jpg", "photo")
        #expect(SidecarProof.verified(beside: photo) != nil)
        try folder.remove("a.jpg.overlay.jpg")
        #expect(SidecarProof.verified(beside: photo) == nil)
        try folder.write("a.jpg.boxes.json", "{\"photo\":")
        #expect(SidecarProof.verified(beside: photo) == nil)
    }
}
