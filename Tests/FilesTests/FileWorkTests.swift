import Files
import Foundation
import Glibc
import Synchronization
import Testing

/// A read that waits until someone writes: what a disk that does not answer looks like from here.
private final class HangingRead: Sendable {
    private let reading: CInt
    private let writing: CInt

    init() {
        var ends: [CInt] = [0, 0]
        let failed = pipe(&ends)
        precondition(failed == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    private let begun = Mutex(false)

    func wait() -> Int {
        begun.withLock { $0 = true }
        var byte: UInt8 = 0
        return read(reading, &byte, 1)
    }

    func hasBegun() async throws {
        while !begun.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
    }

    func answer() {
        let written = write(writing, "x", 1)
        #expect(written == 1)
    }
}

@Suite(.timeLimit(.minutes(30))) struct FileWorkTests {
    private static let patience = Duration.milliseconds(200)

    private func door(_ change: (inout FileWork.Limits) -> Void = { _ in }) -> FileWork {
        var limits = FileWork.Limits()
        limits.threads = 2
        limits.hangingOnOneFileSystem = 100
        limits.checkInterval = .milliseconds(10)
        change(&limits)
        return FileWork(limits: limits)
    }

    /// Hangs an access to each path until it is given up, two at a time.
    private func hang(_ door: FileWork, _ paths: [FilePath]) async -> [HangingRead] {
        let reads = paths.map { _ in HangingRead() }
        await withTaskGroup(of: Void.self) { group in
            for (index, (path, read)) in zip(paths, reads).enumerated() {
                if index >= 2 { await group.next() }
                group.addTask {
                    let error = await #expect(throws: FileError.self) {
                        try await door.run(on: path, patience: Self.patience) { read.wait() }
                    }
                    #expect(error?.errorNumber == ETIMEDOUT)
                }
            }
        }
        return reads
    }

    private func errorNumber(_ door: FileWork, _ path: FilePath) async throws -> CInt? {
        do {
            _ = try await door.run(on: path) { 0 }
            return nil
        } catch let error as FileError {
            return error.errorNumber
        }
    }

    /// Tries for minutes: a thread that was answered takes a moment to come back.
    private func opensAgain(_ door: FileWork, _ path: FilePath) async throws -> Bool {
        for _ in 0..<60_000 {
            if try await errorNumber(door, path) == nil { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test func whatTheWorkReturnsAndThrowsComesBack() async throws {
        let door = door()
        #expect(try await door.run(on: FilePath("/a")) { 7 } == 7)
        await #expect(throws: FileError("read", FilePath("/a"), errorNumber: EIO)) {
            try await door.run(on: FilePath("/a")) { throw FileError("read", FilePath("/a"), errorNumber: EIO) }
        }
    }

    /// Threads that many accesses at once needed are not all kept busy, and so alive, by one after the other.
    @Test func theLastToFallIdleIsTheFirstToBeCalled() async throws {
        let door = door { $0.threads = 8 }
        let path = FilePath("/tmp")
        let reads = (0..<8).map { _ in HangingRead() }
        let all = try await withThrowingTaskGroup(of: UInt.self) { group in
            for read in reads {
                group.addTask {
                    try await door.run(on: path) {
                        _ = read.wait()
                        return UInt(pthread_self())
                    }
                }
            }
            for read in reads { try await read.hasBegun() }
            for read in reads { read.answer() }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(all.count == 8)
        try await Task.sleep(for: .milliseconds(100))
        var called: Set<UInt> = []
        for _ in 0..<64 {
            called.insert(try await door.run(on: path) { UInt(pthread_self()) })
            try await Task.sleep(for: .milliseconds(2))
        }
        // One, and perhaps another that was called before the first had fallen idle again.
        #expect(called.count <= 4, "\(called.count) threads")
    }

    @Test func filesThatHangLeaveTheOthersGoing() async throws {
        let door = door()
        let paths = (0..<9).map { FilePath("/hung/\($0)") }
        let reads = await hang(door, paths)
        // More than there are threads that count, one after the other and together.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 { group.addTask { try await door.run(on: FilePath("/good/\(number)")) { number } } }
            let sum = try await group.reduce(0, +)
            #expect(sum == 190)
        }
        for read in reads { read.answer() }
        for path in paths { #expect(try await opensAgain(door, path)) }
    }

    @Test func aFileThatHangsIsNotReadTwiceAtATime() async throws {
        let door = door()
        let path = FilePath("/hung")
        let reads = await hang(door, [path])
        let runs = Mutex(0)
        // Refused at once: a test that waits for a day ends at the limit of the suite.
        await #expect(throws: FileError("reach", path, errorNumber: ETIMEDOUT)) {
            try await door.run(on: path, patience: .seconds(86_400)) { runs.withLock { $0 += 1 } }
        }
        #expect(runs.withLock { $0 } == 0)
        reads[0].answer()
        #expect(try await opensAgain(door, path))
    }

    @Test func aFileSystemThatHangsIsLeftAlone() async throws {
        let door = door { $0.hangingOnOneFileSystem = 2 }
        let reads = await hang(door, [FilePath("/proc/a"), FilePath("/proc/b")])
        #expect(try await errorNumber(door, FilePath("/proc/c")) == ETIMEDOUT)
        #expect(try await errorNumber(door, FilePath("/")) == nil)
        reads[0].answer()
        #expect(try await opensAgain(door, FilePath("/proc/c")))
        reads[1].answer()
    }

    @Test func theDoorIsShutWhileTooManyHangAndOpensAgain() async throws {
        let door = door { $0.hanging = 3 }
        let reads = await hang(door, (0..<3).map { FilePath("/hung/\($0)") })
        #expect(try await errorNumber(door, FilePath("/good")) == EBUSY)
        let error = await #expect(throws: FileError.self) { try await door.run(on: FilePath("/good")) { 0 } }
        #expect(error?.isTransient == true)
        #expect(error?.description.contains("3 accesses to disks or network shares that do not answer") == true)
        reads[1].answer()
        #expect(try await opensAgain(door, FilePath("/good")))
        reads[0].answer()
        reads[2].answer()
    }

    @Test func whatWaitsTooLongForItsTurnIsTold() async throws {
        let door = door()
        let reads = [HangingRead(), HangingRead()]
        try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, read) in reads.enumerated() {
                group.addTask {
                    try await door.run(on: FilePath("/slow/\(index)"), patience: .seconds(86_400)) { read.wait() }
                }
                try await read.hasBegun()
            }
            let error = await #expect(throws: FileError.self) {
                try await door.run(on: FilePath("/third"), patience: Self.patience) { 0 }
            }
            #expect(error?.errorNumber == EBUSY)
            for read in reads { read.answer() }
            let sum = try await group.reduce(0, +)
            #expect(sum == 2)
        }
    }

    @Test func whatIsCancelledBeforeItBeginsNeverDoes() async throws {
        let door = door { $0.threads = 1 }
        let read = HangingRead()
        async let first = door.run(on: FilePath("/slow"), patience: .seconds(86_400)) { read.wait() }
        try await read.hasBegun()
        let hasRun = Mutex(false)
        let second = Task { try await door.run(on: FilePath("/other")) { hasRun.withLock { $0 = true } } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        read.answer()
        #expect(try await first == 1)
        #expect(try await door.run(on: FilePath("/last")) { 0 } == 0)
        #expect(!hasRun.withLock { $0 })
    }

    @Test func aSlowFileThatGetsOnIsWaitedFor() async throws {
        let door = door()
        let answer = try await door.run(on: FilePath("/slow"), patience: .seconds(3)) {
            for _ in 0..<20 {
                usleep(200_000)
                FileWork.noteProgress()
            }
            return 1
        }
        #expect(answer == 1)
    }

    @Test func aFileIsReadThroughTheDoor() async throws {
        let file = FilePath(NSTemporaryDirectory() + "/interpretd-\(UUID().uuidString)")
        let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
        try bytes.write(to: URL(filePath: file.string))
        defer { try? FileManager.default.removeItem(atPath: file.string) }
        let read = try await FileWork.run(on: file) { try OpenFile(file).contents(atMost: 3_000_000) }
        #expect(read == bytes)
        let missing = file.adding(suffix: ".missing")
        let answers = await FileStatus.regularFiles(at: [missing, file, FilePath("/"), missing])
        let sizes = try answers.map { try $0.get()?.size }
        #expect(sizes == [nil, 3_000_000, nil, nil])
    }
}

@Suite struct MountTableTests {
    private let table = Data(
        """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        30 22 0:27 / /mnt rw - tmpfs tmpfs rw
        31 30 0:28 / /mnt/a\\040share rw - nfs4 server:/export rw
        32 30 0:29 / /mnt/back\\134slash rw - nfs4 server:/export rw

        """.utf8)

    @Test(arguments: [
        ("/home/a.jpg", "/"), ("/mnt/a.jpg", "/mnt"), ("/mnt", "/mnt"), ("/mntx/a.jpg", "/"),
        ("/mnt/a share/b/c.jpg", "/mnt/a share"), ("/mnt/back\\slash/c.jpg", "/mnt/back\\slash"), ("relative", "/"),
    ])
    func aPathLiesOnTheDeepestFileSystemAboveIt(path: String, mountPoint: String) {
        #expect(MountTable.mountPoint(of: FilePath(path), in: table) == FilePath(mountPoint))
    }

    @Test func whatTheKernelSaysIsUnderstood() {
        #expect(MountTable.mountPoint(of: FilePath("/proc/self/stat")) == FilePath("/proc"))
        #expect(MountTable.mountPoint(of: FilePath("/a"), in: Data("rubbish\n\\9 \\ \\40".utf8)) == FilePath("/"))
    }
}
