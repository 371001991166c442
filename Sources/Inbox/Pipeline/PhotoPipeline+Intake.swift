import Digests
import Files
import Glibc
import Logging

/// How photos get into the catalog, and out of it when they are gone.
extension PhotoPipeline {
    private static let batchSize = 256

    // MARK: Start

    /// Decides about a photo that was in hand when the daemon was killed.
    func recover(_ record: PhotoRecord) async throws(CatalogError) {
        let found = try? await FileWork.run(on: record.path) { [path = record.path] in
            (identity: try FileStatus.regularFile(at: path), proof: SidecarProof.verified(beside: path))
        }
        let recovery = Recovery(of: record, file: found?.identity, proof: found?.proof, retry: configuration.retry)
        switch recovery {
        case .finished(let summary):
            try await catalog.complete(record, summary)
            count { $0.adopted += 1 }
            log(.info, "a photo was finished before the daemon was stopped", record.path)
        case .stopsDaemon(let deaths):
            await setAside(
                record, code: "stops-daemon",
                message: "the daemon was stopped \(deaths) times while it worked on this photo; "
                    + "touch the file to have it tried again")
        case .waits(let countsDeath):
            try await catalog.release(record, countsDeath: countsDeath)
            log(.notice, "a photo was interrupted and waits again", record.path)
        }
    }

    // MARK: Scans

    /// Looks through the whole inbox, then forgets the photos that are gone.
    func scanInbox() async {
        let inboxIsReadable = await walk(inbox)
        if inboxIsReadable { await forgetVanished() }
        mailbox.post { $0.scanEnded = true }
    }

    /// Looks through folders that appeared.
    func scan(_ folders: Set<FilePath>) async {
        for folder in folders { _ = await walk(folder) }
        mailbox.post { $0.scanEnded = true }
    }

    /// Returns whether `top` itself could be read to its end.
    private func walk(_ top: FilePath) async -> Bool {
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
                case .unreadable(let error):
                    if error.path == top { topIsReadable = false }
                    if error.meansGone, error.path != inbox { continue }
                    count { $0.unreadableFolders += 1 }
                    logger.warning("part of the inbox cannot be read", metadata: ["reason": "\(error)"])
                }
            }
            await admitOrRetry(settled)
        }
        return topIsReadable
    }

    /// Whether the file was last written so long ago that nobody can be at it still.
    private func hasRested(_ identity: FileIdentity) -> Bool {
        let patience = identity.size == 0 ? configuration.emptyPatience : configuration.quietTime
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

    /// Takes a photo that is gone out of the catalog.
    func forget(_ path: FilePath) async throws(CatalogError) {
        guard try await catalog.drop(path) else { return }
        await processor.didVanish(path)
        count { $0.vanished += 1 }
        log(.info, path.isInside(inbox) ? "a photo is gone" : "a photo is outside the inbox now", path)
    }

    // MARK: Admission

    /// Puts settled photos into the catalog; the conductor's child task.
    func admitSettled(_ photos: [SettledPhoto]) async {
        await admitOrRetry(photos)
        mailbox.post { $0.admissionEnded = true }
    }

    private func admitOrRetry(_ photos: [SettledPhoto]) async {
        do {
            try await admit(photos)
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
                case .nothing: break
                case .proof: photo.proof = SidecarProof.verified(beside: photo.path)
                case .digest: photo.sha256 = try SHA256.hexDigest(ofFile: photo.path)
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
