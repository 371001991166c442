import Digests
import Foundation
import WireProtocol

/// Explains every photo of a folder into another one, which gets the same folders. What was done before and has not
/// changed is not done again.
struct ExplainBatch {
    let folder: String
    let out: String
    let isRecursive: Bool
    /// Of every photo; the source is replaced.
    let question: ExplainParameters
    let common: CommonOptions

    private struct Counts {
        var explained = 0
        var done = 0
        var failed = 0
    }

    /// - Throws: `CommandFailure` where a photo failed, after all others were tried; and at once where the daemon is gone.
    func run() async throws {
        let source = Files.absolutePath(folder)
        try Files.makeFolder(out)
        let photos = try PhotoFolder.photos(
            in: source, isRecursive: isRecursive, excluded: Files.absolutePath(out))
        guard !photos.isEmpty else {
            throw CommandFailure(
                "there is no \(PhotoKind.names) in \(folder)"
                    + (isRecursive ? "" : "; --recursive looks into the folders below it, too"))
        }
        let journal = try BatchJournal(in: out)
        let start = ContinuousClock.now
        let bar = ProgressBar()
        defer { bar.clear() }
        let counts = try await common.withDaemon { connection in
            let name = try await identity(&connection)
            var counts = Counts()
            var waiting: [String] = []
            for photo in photos {
                if isPresent(photo), (try? journal.isDone(photo, at: "\(source)/\(photo)", question: name)) == true {
                    counts.done += 1
                } else {
                    waiting.append(photo)
                }
            }
            let begin = ContinuousClock.now
            for (index, photo) in waiting.enumerated() {
                let share = Double(index) / Double(waiting.count)
                let elapsed = (ContinuousClock.now - begin) / .seconds(1)
                bar.show(
                    ProgressNotification(
                        id: .null, fraction: share, message: "\(index + 1) of \(waiting.count)  \(photo.printable)",
                        secondsLeft: index == 0 ? nil : elapsed * (1 - share) / share))
                do {
                    let path = "\(source)/\(photo)"
                    let entry = try BatchJournal.entry(of: photo, at: path, question: name)
                    try await explain(photo, at: path, &connection)
                    try journal.add(entry)
                    counts.explained += 1
                } catch let failure as CommandFailure where failure.endsConnection {
                    throw failure
                } catch let failure where failure is CommandFailure || failure is RPCError {
                    bar.clear()
                    Terminal.writeError("\(photo): \(failure)")
                    counts.failed += 1
                }
            }
            return counts
        }
        bar.clear()
        if !common.json { Terminal.write(summary(counts, seconds: (ContinuousClock.now - start) / .seconds(1))) }
        if counts.failed > 0 {
            throw CommandFailure(
                "\(Format.count(counts.failed, "photo")) of \(photos.count) could not be explained; "
                    + "the same command tries them again")
        }
    }

    private func explain(_ photo: String, at path: String, _ connection: inout DaemonConnection) async throws {
        var parameters = question
        parameters.source = .path(path)
        let result = try await connection.ask(RPCMethods.explain, parameters)
        let target = resultFolder(of: photo)
        try Files.makeFolder(target)
        _ = try ExplanationFiles(
            try RPCMethods.explain.output(of: result), photo: photo, format: question.format ?? .usual
        ).write(folder: target, raw: nil, rawAttribution: nil)
        if common.json { Terminal.write(result.utf8 + Data("\n".utf8)) }
    }

    private func resultFolder(of photo: String) -> String {
        let parts = photo.split(separator: "/").dropLast()
        return ([out] + parts.map(String.init)).joined(separator: "/")
    }

    /// Whether the results lie there: somebody may have cleaned up.
    private func isPresent(_ photo: String) -> Bool {
        let (target, name) = (resultFolder(of: photo), Files.name(of: photo))
        return [SidecarKind.overlay, .boxes].allSatisfy { kind in
            !Files.isMissing("\(target)/\(kind.name(beside: name, question.format ?? .usual))")
        }
    }

    /// One name for all that is asked and who answers, so that another question or another network is noticed.
    private func identity(_ connection: inout DaemonConnection) async throws -> String {
        let result = try await connection.call(RPCMethods.models, ModelsParameters(model: question.model))
        let models = try RPCMethods.models.output(of: result).models
        let digests = models.filter { question.model != nil || $0.isDefault || models.count == 1 }.map(\.sha256)
        var anything = question
        anything.source = .path("")
        let words = try JSONText(encoding: anything).utf8 + Data(digests.joined(separator: " ").utf8)
        return SHA256.hexDigest(of: words)
    }

    private func summary(_ counts: Counts, seconds: Double) -> String {
        var parts = ["explained \(Format.count(counts.explained, "photo")) in \(Format.duration(seconds: seconds))"]
        if counts.done > 0 { parts.append("\(counts.done) done before and unchanged") }
        if counts.failed > 0 { parts.append("\(counts.failed) failed") }
        return parts.joined(separator: ", ") + "; results in \(out)\n"
    }
}
