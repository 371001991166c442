import Files
import Foundation
import Glibc
import Testing

/// A file that a client has passed is read as if the client wanted us ill.
@Suite struct PassedContentsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    private func file(_ text: String) throws -> String {
        let file = folder.appending(path: "file")
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// Opens, reads through the daemon's eyes, and closes.
    private func contents(
        _ path: String, flags: CInt = O_RDONLY, limit: Int = 100,
        reserve: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws -> Data {
        let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK)
        defer { close(descriptor) }
        try #require(descriptor >= 0)
        let name = FilePath(path)
        return try await FileWork.run(on: name) {
            try OpenFile.contents(ofPassed: descriptor, as: name, atMost: limit, reserve: reserve)
        }
    }

    private func failure(
        _ path: String, flags: CInt = O_RDONLY, limit: Int = 100,
        reserve: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async -> FileError? {
        do {
            _ = try await contents(path, flags: flags, limit: limit, reserve: reserve)
            return nil
        } catch {
            return error as? FileError
        }
    }

    @Test func allOfItIsReadWhereverTheOffsetStands() async throws {
        let path = try file("from the beginning")
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        lseek(descriptor, 5, SEEK_SET)
        let data = try await FileWork.run(on: FilePath(path)) {
            try OpenFile.contents(ofPassed: descriptor, as: FilePath(path), atMost: 100) { $0 == 18 }
        }
        #expect(data == Data("from the beginning".utf8))
        #expect(lseek(descriptor, 0, SEEK_CUR) == 5, "the client's offset is left alone")
        #expect(fcntl(descriptor, F_GETFD) >= 0, "the descriptor stays the caller's")
    }

    @Test func whatIsNoRegularFileIsNotRead() async throws {
        let fifo = folder.appending(path: "fifo").path
        try #require(mkfifo(fifo, 0o600) == 0)
        // Opened for both ways it would wait for ever.
        #expect(await failure(fifo, flags: O_RDWR)?.errorNumber == EINVAL)
        #expect(await failure(folder.path, flags: O_RDONLY | O_DIRECTORY)?.errorNumber == EINVAL)
        #expect(await failure("/dev/zero")?.errorNumber == EINVAL)
    }

    @Test func whatIsNotOpenForReadingIsRefused() async throws {
        let path = try file("secret")
        #expect(await failure(path, flags: O_WRONLY)?.description.contains("not opened for reading") == true)
        // O_PATH, which Swift does not see.
        #expect(await failure(path, flags: 0o10000000)?.errorNumber == EBADF)
    }

    @Test func whatIsTooLargeOrHasNoRoomIsNotRead() async throws {
        let path = try file("six by")
        #expect(await failure(path, limit: 5) { _ in false }?.errorNumber == EFBIG)
        #expect(await failure(path) { _ in false }?.errorNumber == EBUSY)
    }

    @Test(arguments: ["it grows", "it is cut", "it is another"]) func whatChangesWhileItIsReadIsRefused(_ how: String)
        async throws
    {
        let path = try file("as it was")
        let error = await failure(path) { _ in
            // Between looking and reading.
            switch how {
            case "it grows": (try? FileHandle(forUpdating: URL(filePath: path)))?.appendAll("more")
            case "it is cut": truncate(path, 2)
            default:
                let file = try? FileHandle(forUpdating: URL(filePath: path))
                file?.write(Data("AS IT WAS".utf8))
                // Some file systems count time in coarse steps.
                var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
                utimensat(AT_FDCWD, path, &times, 0)
            }
            return true
        }
        #expect(error?.errorNumber == EBUSY && error?.description.contains("changed while it was read") == true)
    }
}

extension FileHandle {
    fileprivate func appendAll(_ text: String) {
        _ = try? seekToEnd()
        write(Data(text.utf8))
    }
}
