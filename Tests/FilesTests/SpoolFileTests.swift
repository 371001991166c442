import Files
import Foundation
import Testing

@Suite struct SpoolFileTests {
    private let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path)

    @Test func itHasItsBytesAndNoName() async throws {
        let files = FileManager.default
        try files.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: folder.string) }
        let (size, middle) = try await FileWork.run(on: folder) { [folder] in
            let file = try SpoolFile(in: folder)
            try file.append(Data("some ".utf8))
            try file.append(Data())
            try file.append(Data("text".utf8))
            #expect(throws: FileError.self) { try file.bytes(in: 5..<10) }
            return (file.size, try file.bytes(in: 3..<7))
        }
        #expect(size == 9 && middle == Data("e te".utf8))
        #expect(try files.contentsOfDirectory(atPath: folder.string).isEmpty)
    }

    @Test func aFolderThatIsNotThereIsNamed() async {
        await #expect(throws: FileError("write in", folder, errorNumber: ENOENT)) {
            try await FileWork.run(on: folder) { [folder] in _ = try SpoolFile(in: folder) }
        }
    }
}
