import Files
import Foundation
import Glibc
import Inbox
import WireProtocol

/// Looks at all that can be wrong with the daemon and its surroundings, and says of each what to do.
struct DoctorRequest: Sendable {
    typealias Check = DoctorResult.Check

    let catalog: Catalog
    let pipeline: PhotoPipeline
    let models: ModelStore
    let inbox: String
    let state: String

    func examine() async throws -> DoctorResult {
        let condition = try await catalog.condition(examined: true)
        var checks = [
            catalogCheck(condition), backupCheck(condition.lastBackup, at: Date()), damagedCheck(condition.setAside),
        ]
        checks.append(await folderCheck("inbox", inbox))
        checks.append(await spaceCheck("disk of the inbox", inbox))
        checks.append(await spaceCheck("disk of the state", state))
        checks.append(watchCheck(InotifyUse.current(), unwatched: pipeline.unwatchedFolders))
        checks.append(contentsOf: [networkCheck, await networkFoldersCheck(), refusedCheck, unreadCheck])
        checks.append(try await failedCheck())
        return DoctorResult(checks: checks)
    }

    // MARK: The catalog

    private func catalogCheck(_ condition: CatalogCondition) -> Check {
        guard let damage = condition.damage else { return Check("catalog", .ok, "whole") }
        return Check(
            "catalog", .fail, "damaged: \(damage)",
            remedy: "restart the daemon; it sets the catalog aside and builds it anew, and nothing is done twice")
    }

    /// - Parameter now: a copy is made each day, so one of two days ago was missed.
    private func backupCheck(_ last: Date?, at now: Date) -> Check {
        guard let last else {
            return Check(
                "backup of the catalog", .warn, "none yet",
                remedy: "one is made within minutes of the start; see the log where it is not")
        }
        let age = now.timeIntervalSince(last)
        let finding = "of \(last.formatted(.iso8601))"
        guard age > 2 * 86_400 else { return Check("backup of the catalog", .ok, finding) }
        return Check(
            "backup of the catalog", .warn, finding,
            remedy: "see the log; the folder \(state) must be writable and its disk have space")
    }

    private func damagedCheck(_ copies: [String]) -> Check {
        guard !copies.isEmpty else { return Check("damaged catalogs", .ok, "none was set aside") }
        return Check(
            "damaged catalogs", .warn, "set aside: \(copies.joined(separator: ", "))",
            remedy: "look after the disk; then remove these files, nobody reads them")
    }

    // MARK: Folders and disks

    private func folderCheck(_ name: String, _ folder: String) async -> Check {
        let path = FilePath(folder)
        do {
            let errorNumber = try await FileWork.run(on: path) {
                access(folder, R_OK | W_OK | X_OK) == 0 ? 0 : errno
            }
            guard errorNumber != 0 else { return Check(name, .ok, "\(folder) can be read and written") }
            return Check(
                name, .fail, "\(folder): \(String(cString: strerror(errorNumber)))",
                remedy: "let the daemon's user (\(geteuid())) read and write it, and see that its disk is mounted so")
        } catch {
            return Check(name, .fail, "\(error)", remedy: "see that the disk or network share answers")
        }
    }

    private static let littleSpace: UInt64 = 1 << 30
    private static let noSpace: UInt64 = 64 << 20

    private func spaceCheck(_ name: String, _ folder: String) async -> Check {
        let free = try? await FileWork.run(on: FilePath(folder)) { () -> UInt64? in
            var status = statvfs()
            return statvfs(folder, &status) == 0 ? UInt64(status.f_bavail) * UInt64(status.f_frsize) : nil
        }
        guard let free else {
            return Check(name, .fail, "\(folder) does not tell", remedy: "see that the disk or network share answers")
        }
        let finding = "\(free >> 20) MiB are free"
        guard free < DoctorRequest.littleSpace else { return Check(name, .ok, finding) }
        return Check(
            name, free < DoctorRequest.noSpace ? .fail : .warn, finding,
            remedy: "make room; until then photos wait, and none is lost")
    }

    private func watchCheck(_ use: InotifyUse, unwatched: Int) -> Check {
        let limit = use.limit.map { " of \($0) allowed" } ?? ""
        let finding =
            "\(use.watches) watches\(limit)" + (unwatched == 0 ? "" : ", \(unwatched) folders are not watched")
        guard unwatched > 0 || use.isNearLimit else { return Check("watching", .ok, finding) }
        return Check(
            "watching", .warn, finding,
            remedy: "raise fs.inotify.max_user_watches (sysctl); what is not watched is found every five minutes")
    }

    // MARK: Networks and photos

    private var networkCheck: Check {
        if let model = models.photoModel { return Check("network", .ok, "photos are read by '\(model.name)'") }
        return Check(
            "network", .fail, "no network reads photos, so they wait",
            remedy: "put a model folder into \(models.directories[0].path) and run 'interpretctl models reload'")
    }

    /// What is in memory serves on, and the next start does not find it.
    private func networkFoldersCheck() async -> Check {
        var gone: [String] = []
        for model in models.models {
            let folder = model.folder.path
            let isThere = try? await FileWork.run(on: FilePath(folder)) { access(folder, R_OK | X_OK) == 0 }
            if isThere != true { gone.append(folder) }
        }
        guard !gone.isEmpty else { return Check("folders of networks", .ok, "all can be read") }
        return Check(
            "folders of networks", .warn, "gone, or not to be read: \(gone.joined(separator: ", "))",
            remedy: "put them back before the next start, or run 'interpretctl models reload' to do without")
    }

    private var refusedCheck: Check {
        guard !models.refused.isEmpty else { return Check("refused networks", .ok, "none") }
        return Check(
            "refused networks", .warn, models.refused.map { "\($0.name): \($0.error)" }.joined(separator: "; "),
            remedy: "mend or remove the folder, then run 'interpretctl models reload'")
    }

    private var unreadCheck: Check {
        let kinds = pipeline.unreadFiles.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        guard !kinds.isEmpty else { return Check("files that are not read", .ok, "none") }
        return Check(
            "files that are not read", .warn, kinds.joined(separator: ", "),
            remedy: "save what are photos as JPEG; take the rest out of the inbox")
    }

    private func failedCheck() async throws -> Check {
        let failed = try await catalog.counts().failed
        guard failed > 0 else { return Check("photos that failed", .ok, "none") }
        let latest = try await catalog.latest(1, in: .failed).first
        let reason = latest.map { "; last \($0.path): \($0.errorMessage ?? $0.errorCode ?? "failed")" } ?? ""
        return Check(
            "photos that failed", .warn, "\(failed)\(reason)",
            remedy: "see 'interpretctl photos --state failed'; when mended, 'interpretctl redo --failed'")
    }
}
