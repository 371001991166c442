import Foundation
import Testing
import Web

@Suite("The page's own files")
struct WebAssetsTests {
    private let files = WebAssets.texts

    @Test("every file that one refers to is there, and every one is referred to")
    func references() throws {
        var wanted: Set<String> = []
        for (path, text) in files {
            for match in text.matches(of: /(?:href|src)="(\/assets\/[^"]+)"/) { wanted.insert(String(match.1)) }
            for match in text.matches(of: /from "\.\/([a-z]+\.js)"/) { wanted.insert("/assets/" + match.1) }
            #expect(text.contains("https://") == false, "\(path) asks the network")
        }
        #expect(wanted == Set(files.keys.filter { $0.hasPrefix("/assets/") }))
    }

    @Test("no page has script or style within it, which the policy would not run")
    func inline() {
        for (path, text) in files where !path.hasPrefix("/assets/") {
            #expect(!text.contains(/<script(?![^>]*src=)/), "\(path)")
            #expect(!text.contains(/<style|\sstyle=|\son[a-z]+=/), "\(path)")
            #expect(text.contains("<html lang=\"en\">") && text.contains("name=\"viewport\""), "\(path)")
        }
        for (path, text) in files {
            #expect(!text.contains(/innerHTML|insertAdjacentHTML|document\.write|eval\(/), "\(path)")
        }
    }

    @Test("each file can be read in one go")
    func lengths() {
        for (path, text) in files {
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 400, "\(path)")
        }
    }
}
