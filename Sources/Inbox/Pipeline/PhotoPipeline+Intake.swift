import Digests
import Files
import Glibc
import Logging
import Synchronization

/// How photos get into the catalog, and out of it when they are gone.
extension PhotoPipeline {
    private static let batchSize = 256

    // MARK: Start

    /// Decides about a photo that was in hand when the daemon was killed.
    func recover(_ record: PhotoRecord) async throws(CatalogError) {
        let found = try? await FileWork.run(on: record.path) { [path = record.path] in
            (identity: try FileStatus.regularFile(at: path), proof: SidecarProof.verified(beside: path))
        }
        switch Recovery(of: record, file: found?.identity, proof: found?.proof) {
        case .finished(let summary):
            try await catalog.complete(record, summary)
            count { $0.adopted += 1 }
            log(.info, "a photo was finished before the daemon was stopped", record.path)
        case .waits(let isSuspect):
            try await catalog.release(record, isSuspect: isSuspect)
            log(.notice, "a photo was interrupted and waits again", record.path)
        }
    }

    /// Has photos tried again that failed under another program or other networks than there are now.
    func reconsiderFailed() async throws(CatalogError) {
        let count = try await catalog.reconsider(under: processor.version)
        guard count > 0 else { return }
        logger.notice(
            "program or networks are others than when photos failed; these are tried again",
            metadata: ["photos": "\(count)"])
        mailbox.ring()
    }

    // MARK: Scans

    /// Looks through the whole inbox, then forgets the photos that are gone.
    func scanInbox() async {
        unread.beginScan()
        // Before it began, a single file may have been deleted, of which no event will tell. Later ones are seen.
        let look = hasScanned.exchange(true, ordering: .relaxed) ? DeliveryLook.byDocument : .byAllFiles
        let inboxIsReadable = await walk(inbox, look)
        if let sums = unread.endScan(complete: inboxIsReadable) { logger.notice("\(sums)") }
        if inboxIsReadable { await forgetVanished() }
        mailbox.post { $0.scanEnded = true }
    }

    /// Looks through folders that appeared.
    func scan(_ folders: Set<FilePath>) async {
        for folder in folders { _ = await walk(folder, .byAllFiles) }
        mailbox.post { $0.scanEnded = true }
    }

    /// Returns whether `top` itself could be read to its end.
    private func walk(_ top: FilePath, _ look: DeliveryLook) async -> Bool {
        let scan = SharedScan(of: top)
        var topIsReadable = true
        while !mailbox.isStopping, !Task.isCancelled {
            let findings: [InboxScan.Finding]
            do {
                findings = try await FileWork.run(on: top) { scan.next(atMost: PhotoPipeline.batchSize) }
            } catch {
                count { $0.unreadableFolders += 1 }
                logger.warning("part of the inbox does not answer", metadata: ["reason": "\(error)"])
                return false
            }
            if findings.isEmpty { break }
            var settled: [SettledPhoto] = []
            for finding in findings {
                switch finding {
                case .photo(let path, let identity):
                    if hasRested(identity) {
                        settled.append(SettledPhoto(path: path, identity: identity))
                    } else {
                        mailbox.post { $0.touched.insert(path) }
                    }
                case .leftover(let path):
                    let isRemoved = try? await FileWork.run(on: path) { [sidecars] in sidecars.removeLeftover(path) }
                    if isRemoved == true {
                        log(.info, "removed an unfinished file of an earlier run", path)
                    }
                case .unread(let path): noteUnread(path)
                case .sidecar: break
                case .unreadable(let error):
                    if error.path == top { topIsReadable = false }
                    if error.meansGone, error.path != inbox { continue }
                    count { $0.unreadableFolders += 1 }
                    logger.warning("part of the inbox cannot be read", metadata: ["reason": "\(error)"])
                }
            }
            await admitOrRetry(settled, look)
        }
        return topIsReadable
    }

    /// Whether the file was last written so long ago that nobody can be at it still.
    private func hasRested(_ identity: FileIdentity) -> Bool {
        // Whether its picture has an end is found out where it settles.
        let patience = max(
            identity.size == 0 ? configuration.emptyPatience : configuration.quietTime, configuration.unfinishedPatience
        )
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age =
            Duration(secondsComponent: Int64(now.tv_sec), attosecondsComponent: Int64(now.tv_nsec) * 1_000_000_000)
            - .nanoseconds(identity.modified)
        return age >= patience
    }

    private func forgetVanished() async {
        var last: FilePath?
        do {
            while !mailbox.isStopping {
                let page = try await catalog.page(after: last, limit: PhotoPipeline.batchSize)
                guard let end = page.last else { return }
                last = end.path
                let paths = page.map(\.path)
                for (path, answer) in zip(paths, await FileStatus.regularFiles(at: paths)) {
                    // An error other than "no such file" proves nothing: the record stays.
                    var isGone = !path.isInside(inbox)
                    if case .success(nil) = answer { isGone = true }
                    if isGone { try await forget(path) }
                }
            }
        } catch {
            logger.error("vanished photos could not be forgotten", metadata: ["reason": "\(error)"])
        }
    }

    /// Says once that a file will have no results.
    func noteUnread(_ path: FilePath) {
        guard let kind = unread.note(path) else { return }
        logger.notice(
            "a file is not read: it is no photo that interpretd knows",
            metadata: ["file": "\(path)", "kind": "\(kind)"])
    }

    /// Forgets photos that are gone; the conductor's child task.
    func forget(_ paths: [FilePath]) async {
        for path in paths {
            do {
                try await forget(path)
            } catch {
                if case .corrupt = error { return mailbox.post { $0.fatal = error } }
                logger.error("a vanished photo could not be forgotten; trying again", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
                mailbox.post { $0.touched.insert(path) }
            }
        }
        mailbox.post { $0.forgettingEnded = true }
    }

    /// Takes the sidecars of a photo that is gone away, and then the photo out of the catalog: in this order, so that
    /// where the daemon ends in between, the next one finds the photo still known and gone.
    func forget(_ path: FilePath) async throws(CatalogError) {
        guard try await catalog.record(of: path) != nil else { return }
        if path.isInside(inbox) {
            let isBack: Bool
            do {
                isBack = try await FileWork.run(on: path) { [configuration] in
                    guard try FileStatus.regularFile(at: path) == nil else { return true }
                    if !configuration.keepsOrphans { try OldResults(photo: path).remove(withError: true) }
                    return false
                }
            } catch {
                log(.warning, "the sidecars of a photo that is gone stay", path, ["reason": "\(error)"])
                isBack = false
            }
            if isBack { return mailbox.post { $0.touched.insert(path) } }
        }
        guard try await catalog.drop(path) else { return }
        await processor.didVanish(path)
        count { $0.vanished += 1 }
        log(.info, path.isInside(inbox) ? "a photo is gone" : "a photo is outside the inbox now", path)
    }

    // MARK: Admission

    /// Puts settled photos into the catalog; the conductor's child task.
    func admitSettled(_ photos: [SettledPhoto]) async {
        await admitOrRetry(photos, .byAllFiles)
        mailbox.post { $0.admissionEnded = true }
    }

    private func admitOrRetry(_ photos: [SettledPhoto], _ look: DeliveryLook) async {
        do {
            try await admit(photos)
            try await restoreSidecars(of: photos.map(\.path), look)
        } catch {
            if case .corrupt = error { return mailbox.post { $0.fatal = error } }
            logger.error("photos could not be noted; trying again", metadata: ["reason": "\(error)"])
            try? await Task.sleep(for: .seconds(1))
            mailbox.post { $0.touched.formUnion(photos.map(\.path)) }
        }
    }

    private func admit(_ photos: [SettledPhoto]) async throws(CatalogError) {
        let news = try await catalog.news(in: photos)
        guard !news.isEmpty else { return }
        var examined: [SettledPhoto] = []
        for item in news {
            let photo = try? await FileWork.run(on: item.photo.path) {
                var photo = item.photo
                switch item.look {
                case .identity: return photo
                case .nothing: break
                case .proof: photo.proof = SidecarProof.verified(beside: photo.path)
                case .digest: photo.sha256 = try SHA256.hexDigest(ofFile: photo.path)
                }
                // What is of earlier bytes goes before the photo waits: whoever comes meanwhile must not take it for
                // this photo's. Where it cannot be removed, it is replaced when the photo is done.
                if photo.proof == nil {
                    _ = try? OldResults(photo: photo.path).remove(keepingThoseOf: photo.sha256, withError: true)
                }
                return photo
            }
            // Of a photo that does not answer nothing is known; it waits as a new one does.
            examined.append(photo ?? item.photo)
        }
        let admissions = try await catalog.admit(examined)
        for (photo, admission) in zip(examined, admissions) {
            switch admission {
            case .queued:
                if !photo.path.isUTF8 { log(.warning, "the name of a photo is not UTF-8", photo.path) }
                log(.debug, "a photo waits", photo.path)
                observer(.queued(photo.path))
            case .adopted:
                count { $0.adopted += 1 }
                log(.info, "the sidecars of a photo show that it is done", photo.path)
            case .known: break
            }
        }
        mailbox.ring()
    }

    func log(_ level: Logger.Level, _ message: Logger.Message, _ photo: FilePath, _ metadata: Logger.Metadata = [:]) {
        logger.log(level: level, message, metadata: metadata.merging(["photo": "\(photo)"]) { first, _ in first })
    }
}
