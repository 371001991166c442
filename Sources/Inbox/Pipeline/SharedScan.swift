import Files
import Synchronization

/// A scan that can be passed between threads; it is still used by one at a time.
final class SharedScan: Sendable {
    private let scan: Mutex<InboxScan>

    init(of folder: FilePath, findsSidecars: Bool = false) {
        scan = Mutex(InboxScan(of: folder, findsSidecars: findsSidecars))
    }

    func next(atMost limit: Int) -> [InboxScan.Finding] { scan.withLock { $0.next(atMost: limit) } }
}
