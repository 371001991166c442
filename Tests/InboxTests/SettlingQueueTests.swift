import Files
import Inbox
import Testing
import WireProtocol

@Suite("Settling")
struct SettlingQueueTests {
    private let start = SettlingQueue.Instant.now
    private let path = FilePath("/inbox/a.jpg")

    private func file(size: Int64, modified: Int64 = 0) -> FileIdentity {
        FileIdentity(device: 1, inode: 2, size: size, modified: modified)
    }

    private func after(_ milliseconds: Int) -> SettlingQueue.Instant { start.advanced(by: .milliseconds(milliseconds)) }

    @Test("a photo is ready once it has stayed the same for the quiet time, and not before")
    func ready() {
        var queue = SettlingQueue()
        queue.touch(path, file(size: 5), at: start)
        #expect(queue.due(at: after(299)).isEmpty)
        #expect(queue.nextCheck == after(300))
        #expect(queue.due(at: after(300)) == [path])
        let firstLook = queue.observe(path, file(size: 5), at: after(300))
        #expect(firstLook)
        #expect(queue.isEmpty)
    }

    @Test("growing, or being written to again, begins the wait anew")
    func growing() {
        var queue = SettlingQueue()
        queue.touch(path, file(size: 5), at: start)
        let secondLook = queue.observe(path, file(size: 9), at: after(300))
        #expect(!secondLook)
        #expect(queue.nextCheck == after(600))
        let thirdLook = queue.observe(path, file(size: 9, modified: 1), at: after(600))
        #expect(!thirdLook)
        queue.touch(path, file(size: 9, modified: 1), at: after(800))
        let fourthLook = queue.observe(path, file(size: 9, modified: 1), at: after(900))
        #expect(!fourthLook)
        let fifthLook = queue.observe(path, file(size: 9, modified: 1), at: after(1100))
        #expect(fifthLook)
    }

    @Test("an empty file gets more patience, which ends when bytes arrive")
    func empty() {
        var queue = SettlingQueue()
        queue.touch(path, file(size: 0), at: start)
        #expect(queue.nextCheck == after(3000))
        queue.touch(path, file(size: 7), at: after(1000))
        #expect(queue.nextCheck == after(1300))
    }

    @Test("a photo that is gone leaves the queue")
    func gone() {
        var queue = SettlingQueue()
        queue.touch(path, file(size: 5), at: start)
        let sixthLook = queue.observe(path, nil, at: after(300))
        #expect(!sixthLook)
        #expect(queue.isEmpty)
        #expect(queue.nextCheck == nil)
    }

    @Test("a photo about which the disk is being asked is not due until it has answered")
    func looking() {
        var queue = SettlingQueue()
        queue.touch(path, file(size: 5), at: start)
        queue.startLooking(at: path)
        #expect(queue.due(at: after(1000)).isEmpty)
        #expect(queue.nextCheck == nil)
        #expect(!queue.isEmpty)
        let early = queue.observe(path, file(size: 5), at: after(200))
        #expect(!early)
        #expect(queue.due(at: after(1000)) == [path])
        queue.startLooking(at: path)
        queue.touch(path, file(size: 6), at: after(1000))
        #expect(queue.nextCheck == after(1300))
    }
}
