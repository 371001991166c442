import Files
import Foundation
import Logging
import WireProtocol

/// Sidecars that are gone come back, those that were kept long enough go.
extension PhotoPipeline {
    /// Has photos done again that are done and lack a sidecar: somebody has deleted it.
    func restoreSidecars(of paths: [FilePath], _ look: DeliveryLook) async throws(CatalogError) {
        var bereft: [FilePath] = []
        for path in try await catalog.delivered(among: paths) {
            let isBereft = try? await FileWork.run(on: path) {
                switch look {
                case .byDocument: try FileStatus.regularFile(at: path.sidecar(.boxes)) == nil
                case .byAllFiles: !SidecarProof.isComplete(beside: path)
                }
            }
            // Where the disk does not answer, nothing is known to be gone.
            if isBereft == true { bereft.append(path) }
        }
        guard !bereft.isEmpty else { return }
        for (path, isQueued) in zip(bereft, try await catalog.redo(bereft)) where isQueued {
            log(.info, "a file beside a photo is gone; the photo is done again", path)
        }
        mailbox.ring()
    }

    private static let retentionInterval = Duration.seconds(3600)
    private static let retentionBatch = 256

    /// Takes sidecars away that are older than `retention` seconds, now and every hour, until the task is cancelled. The
    /// photos stay.
    func removeExpired(after retention: Double) async {
        while !Task.isCancelled, !mailbox.isStopping {
            do {
                try await removeExpired(before: Date(timeIntervalSinceNow: -retention))
            } catch {
                logger.warning("old sidecars could not be removed", metadata: ["reason": "\(error)"])
            }
            try? await Task.sleep(for: PhotoPipeline.retentionInterval)
        }
    }

    private func removeExpired(before date: Date) async throws(CatalogError) {
        while true {
            // Noted first: whoever sees one gone must not bring it back.
            let photos = try await catalog.expire(before: date, limit: PhotoPipeline.retentionBatch)
            guard !photos.isEmpty else { return }
            for photo in photos {
                do {
                    _ = try await FileWork.run(on: photo) { try OldResults(photo: photo).remove(withError: true) }
                } catch {
                    log(.warning, "the sidecars of a photo could not be removed", photo, ["reason": "\(error)"])
                }
            }
            logger.info("sidecars were kept long enough and are removed", metadata: ["photos": "\(photos.count)"])
        }
    }

    /// What ``clean()`` has removed.
    public struct Cleaned: Sendable, Hashable {
        /// Sidecars of photos that are gone.
        public var sidecars = 0
        /// Unfinished files of daemons that are gone.
        public var temporary = 0
    }

    /// Removes from the inbox what is ours and serves nobody: sidecars of photos that are gone, also where they were to
    /// be kept, and unfinished files.
    public func clean() async throws -> Cleaned {
        let scan = SharedScan(of: inbox, findsSidecars: true)
        var orphans: Set<FilePath> = []
        var cleaned = Cleaned()
        while true {
            try Task.checkCancellation()
            let findings = try await FileWork.run(on: inbox) { scan.next(atMost: 256) }
            if findings.isEmpty { break }
            for finding in findings {
                switch finding {
                case .sidecar(of: let photo): orphans.insert(photo)
                case .leftover(let path):
                    let isRemoved = try await FileWork.run(on: path) { [sidecars] in sidecars.removeLeftover(path) }
                    if isRemoved { cleaned.temporary += 1 }
                case .unreadable(let error):
                    logger.warning("part of the inbox cannot be read", metadata: ["reason": "\(error)"])
                case .photo, .unread: break
                }
            }
        }
        // A stem that was shortened tells no photo; such a file goes with its photo, or stays.
        for photo in orphans where SidecarKind.stem(of: photo.name) == photo.name && !photo.name.contains(0x7e) {
            let removed = try await FileWork.run(on: photo) {
                guard try FileStatus.regularFile(at: photo) == nil else { return 0 }
                return try OldResults(photo: photo).remove(withError: true)
            }
            cleaned.sidecars += removed
        }
        return cleaned
    }
}
