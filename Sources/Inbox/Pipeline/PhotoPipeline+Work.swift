import Digests
import Files
import Foundation
import Logging
import WireProtocol

/// What happens to one photo in hand.
extension PhotoPipeline {
    /// Interprets one photo that was claimed, and brings it to its next state. Never throws: one photo's trouble is not
    /// another's.
    func work(on record: PhotoRecord) async {
        do {
            let result = try await processor.process(catalog.queuedPhoto(record))
            guard await isUnchanged(record, sha256: result.summary.sha256) else { return }
            try await FileWork.run(on: record.path, patience: FileWork.writingPatience) { [sidecars, configuration] in
                if !configuration.overwrites {
                    try OldResults(photo: record.path).refuseForeign(result.sidecars.map(\.kind))
                }
                // Done again, it may have fewer pictures than before.
                if record.isForced { try OldResults(photo: record.path).remove(withError: false) }
                try sidecars.write(result.sidecars, beside: record.path)
            }
            // An old report of failure is no longer true. That it cannot be removed is no reason to call this undone.
            _ = try? await FileWork.run(on: record.path) { try OldResults(photo: record.path).removeError() }
            await result.whenWritten()
            await finish(record, result.summary, result.milliseconds)
            // Somebody was at the file meanwhile, even if its bytes were the same a moment ago.
            let answer = await FileStatus.regularFiles(at: [record.path])
            if case .success(let identity?) = answer[0], identity.changed != record.identity.changed {
                mailbox.post { $0.touched.insert(record.path) }
            }
        } catch {
            await handle(error, record)
        }
    }

    private func finish(_ record: PhotoRecord, _ summary: PhotoSummary, _ milliseconds: [String: Double]) async {
        guard await persist({ () throws(CatalogError) in try await self.catalog.complete(record, summary) }) else {
            return
        }
        count { $0.done += 1 }
        await note([CatalogFigures.done: 1].merging(CatalogFigures.observed(milliseconds)) { first, _ in first })
        var metadata: Logger.Metadata = ["boxes": "\(summary.boxCount)"]
        if let label = summary.label { metadata["label"] = "\(label)" }
        if let milliseconds = summary.milliseconds { metadata["ms"] = "\(Int(milliseconds.rounded()))" }
        if let warning = summary.warning { metadata["warning"] = "\(warning)" }
        log(.info, "a photo is done", record.path, metadata)
        observer(.done(record.path, summary))
    }

    private func handle(_ error: any Error, _ record: PhotoRecord) async {
        switch WorkFailure(error, attempt: record.attempts, retry: configuration.retry) {
        case .cancelled:
            // The task is cancelled and the catalog would refuse; a task of its own is not.
            await Task { try? await catalog.release(record) }.value
        case .permanent(let code, let message):
            guard await isUnchanged(record) else { return }
            await setAside(record, code: code, message: message)
        case .transient(let code, let message):
            guard await isUnchanged(record) else { return }
            await postpone(record, code: code, message: message)
        }
    }

    /// Whether the file is still as it was claimed. Where it is not, this sees to it: a changed photo settles and waits
    /// again, a vanished one is forgotten.
    ///
    /// - Parameter sha256: of the bytes that were read: they decide where only the file's time of change has moved; `nil`
    ///   where they are not known.
    private func isUnchanged(_ record: PhotoRecord, sha256: String? = nil) async -> Bool {
        let answer = await FileStatus.regularFiles(at: [record.path])
        guard case .success(let identity) = answer[0] else { return true }  // unknown; what follows will tell
        if let identity, identity.hasSameContents(as: record.identity), identity.inode == record.identity.inode {
            if identity.changed == record.identity.changed || record.identity.changed == 0 { return true }
            let digest = try? await FileWork.run(on: record.path) { try SHA256.hexDigest(ofFile: record.path) }
            if let sha256, digest == nil || digest == sha256 { return true }
        }
        if identity == nil {
            _ = await persist { () throws(CatalogError) in
                try await self.forget(record.path)
                return true
            }
        } else {
            log(.info, "a photo changed while it was read and waits again", record.path)
            _ = await persist { () throws(CatalogError) in
                try await self.catalog.postpone(
                    record, code: "changed", message: "the file changed while it was read",
                    until: Date().addingTimeInterval(self.timeToSettle))
            }
            mailbox.post { $0.touched.insert(record.path) }
        }
        return false
    }

    /// Seconds after which a photo that changed has settled and been admitted as it is now. A try before that would find
    /// it changed again, and have it settle anew.
    private var timeToSettle: TimeInterval {
        2 + max(configuration.quietTime, configuration.emptyPatience, configuration.unfinishedPatience) / .seconds(1)
    }

    /// Writes why the photo cannot be read, in the place of what was found in an earlier one, then lets it rest until it
    /// changes.
    func setAside(_ record: PhotoRecord, code: String, message: String) async {
        let report = FailureReport(record, code: code, message: message)
        do {
            let sidecar = SidecarFile(.error, contents: try report.encoded())
            try await FileWork.run(on: record.path, patience: FileWork.writingPatience) { [sidecars] in
                try OldResults(photo: record.path).remove(withError: false)
                guard OldResults(photo: record.path).foreign([.error]).isEmpty else { return }
                try sidecars.write([sidecar], beside: record.path)
            }
        } catch let error as FileError where error.isTransient {
            return await postpone(record, code: "file-trouble", message: "\(error)")
        } catch {
            log(.warning, "the report of a failure could not be written", record.path, ["reason": "\(error)"])
        }
        guard
            await persist({ () throws(CatalogError) in
                try await self.catalog.fail(record, code: code, message: message, under: self.processor.version)
            })
        else { return }
        count { $0.failed += 1 }
        await note([CatalogFigures.failed(code): 1])
        log(.warning, "a photo cannot be done", record.path, ["code": "\(code)", "reason": "\(message)"])
        observer(.failed(record.path, code: code, message: message))
    }

    /// Adds to the figures. That one is lost is no reason to stop.
    func note(_ amounts: [String: Double]) async {
        do {
            try await catalog.add(amounts)
        } catch {
            logger.debug("the figures could not be kept", metadata: ["reason": "\(error)"])
        }
    }

    private func postpone(_ record: PhotoRecord, code: String, message: String) async {
        let delay = configuration.retry.delay(afterAttempt: record.attempts)
        count { $0.postponed += 1 }
        log(
            .warning, "a photo is tried again later", record.path,
            ["code": "\(code)", "reason": "\(message)", "attempt": "\(record.attempts)", "seconds": "\(delay)"])
        _ = await persist { () throws(CatalogError) in
            try await self.catalog.postpone(
                record, code: code, message: message, until: Date().addingTimeInterval(delay))
        }
    }

    /// Brings a change into the catalog, patiently: the sidecars are on the disk, and a full disk must not have the
    /// photo done again. Gives up when the daemon stops; the next start finds out by itself.
    ///
    /// - Returns: what `change` returned; `false` where it was given up.
    private func persist(_ change: () async throws(CatalogError) -> Bool) async -> Bool {
        var delay = Duration.seconds(1)
        while true {
            do throws(CatalogError) {
                return try await change()
            } catch {
                if case .corrupt = error {
                    mailbox.post { $0.fatal = error }
                    return false
                }
                logger.error("the catalog failed", metadata: ["reason": "\(error)"])
                if mailbox.isStopping || Task.isCancelled { return false }
                try? await Task.sleep(for: delay)
                delay = min(delay * 2, .seconds(30))
            }
        }
    }
}
