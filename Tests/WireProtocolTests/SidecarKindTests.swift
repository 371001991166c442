import Foundation
import Testing
import WireProtocol

@Suite("The table of sidecars")
struct SidecarKindTests {
    @Test(
        "a file's name is the photo's and a suffix",
        arguments: [
            (SidecarKind.saliency, "a.jpg.saliency.jpg"), (.overlay, "a.jpg.overlay.jpg"),
            (.occlusion, "a.jpg.occlusion.jpg"), (.mask, "a.jpg.mask.jpg"), (.boxes, "a.jpg.boxes.json"),
            (.error, "a.jpg.error.json"),
        ])
    func names(kind: SidecarKind, name: String) {
        #expect(kind.name(beside: "a.jpg") == name)
        #expect(kind.isPicture == name.hasSuffix(".jpg"))
    }

    @Test("a name that leaves no room is shortened: its beginning, a hash that is the same for ever, its ending")
    func longNames() {
        let name = String(repeating: "n", count: 251) + ".jpg"
        let short = SidecarKind.boxes.name(beside: name)
        #expect(short == String(repeating: "n", count: 218) + "~" + "3b88f064108b3bc0" + ".jpg.boxes.json")
        #expect(SidecarKind.overlay.name(beside: String(repeating: "n", count: 235) + ".jpg").utf8.count == 251)
        #expect(SidecarKind.boxes.name(beside: String(repeating: "m", count: 251) + ".jpg") != short)
    }

    @Test("the README says the same of each", arguments: SidecarKind.allCases)
    func readme(kind: SidecarKind) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../README.md").standardized
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| `\(kind.name(beside: "IMG_1.jpg"))` |") }
        #expect(rows.count == 1)
        #expect(rows.first?.contains(kind.contents) == true)
    }

    @Test("names of pictures are kept by kind, and written as one object")
    func files() throws {
        var files = Sidecar.Files([.saliency, .overlay], beside: "a.jpg")
        files[.mask] = "a.jpg.mask.jpg"
        files[.saliency] = nil
        #expect(
            try JSONText(encoding: files).description == #"{"mask":"a.jpg.mask.jpg","overlay":"a.jpg.overlay.jpg"}"#)
        #expect(files[.overlay] == "a.jpg.overlay.jpg")
        #expect(files[.occlusion] == nil)
    }

    @Test("what a newer daemon lists is kept")
    func unknown() throws {
        let text = #"{"crops":"a.jpg.crops.jpg","overlay":"a.jpg.overlay.jpg"}"#
        var files = try JSONText(validating: Data(text.utf8)).decoded(as: Sidecar.Files.self)
        #expect(files.names == ["a.jpg.crops.jpg", "a.jpg.overlay.jpg"])
        files[.overlay] = "b.jpg"
        #expect(try JSONText(encoding: files).description == #"{"crops":"a.jpg.crops.jpg","overlay":"b.jpg"}"#)
    }
}
