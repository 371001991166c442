import Files
import Foundation
import Inbox
import Service
import TestSupport
import Testing
import WireProtocol

/// A suspect is blamed for what it does to a process of its own, and for nothing else. The other process is a script
/// here, which says and does what the case asks for.
@Suite(.timeLimit(.minutes(30))) struct IsolatedProcessorTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// The other process: `before` it says that it is ready, and `after` it has heard of a photo.
    private func script(before: String = "", after: String) throws -> String {
        let path = folder.path + "/other.sh"
        let ready = #"{"ready":{}}"#
        let text = """
            \(before)
            printf '\\0\\0\\0\\x\(String(ready.utf8.count, radix: 16))%s' '\(ready)' >&0
            head -c 4 <&0 >/dev/null
            \(after)
            """
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func failure(
        of path: String, by shell: String = "/bin/bash", patience: Duration = .seconds(600)
    ) async throws -> PhotoFailure? {
        var limits = IsolatedProcessor.Limits()
        limits.photo = patience
        let processor = IsolatedProcessor(executable: shell, arguments: { [path] }, limits: limits, logger: .silent)
        do {
            _ = try await processor.process(photo(at: "/inbox/a.jpg"))
            return nil
        } catch let failure as PhotoFailure {
            return failure
        }
    }

    private func photo(at path: String) -> QueuedPhoto {
        QueuedPhoto(
            path: FilePath(path), identity: FileIdentity(device: 1, inode: 1, size: 1, modified: 1), attempt: 1,
            isSuspect: true, computing: ComputingMark { _ in })
    }

    @Test(arguments: ["SEGV", "ILL", "ABRT", "TRAP", "BUS", "FPE", "XCPU"])
    func whatEndsItsOwnProcessIsSetAside(signal: String) async throws {
        let failure = try await failure(of: try script(after: "kill -\(signal) $$"))
        guard case .permanent("stops-daemon", let message) = failure else { return record(failure) }
        #expect(message.contains("SIG\(signal)"))
        #expect(message.contains("interpretctl redo"))
    }

    @Test(arguments: ["KILL", "TERM", "HUP", "INT"])
    func aProcessThatIsEndedFromOutsideProvesNothing(signal: String) async throws {
        let failure = try await failure(of: try script(after: "kill -\(signal) $$"))
        guard case .transient = failure else { return record(failure) }
    }

    @Test func nothingIsThePhotosFaultBeforeItsTurn() async throws {
        for fault in ["kill -SEGV $$", "exit 1", "printf rubbish >&0; exit"] {
            let failure = try await failure(of: try script(before: fault, after: ""))
            guard case .transient = failure else { return record(failure) }
        }
        guard case .transient = try await failure(of: "", by: "/nowhere/program") else { return record(nil) }
    }

    @Test func aPhotoThatIsNeverDoneIsSetAsideAfterItsTime() async throws {
        let failure = try await failure(of: try script(after: "exec sleep 600"), patience: .milliseconds(500))
        guard case .permanent("stops-daemon", let message) = failure else { return record(failure) }
        #expect(message.contains("seconds"))
    }

    @Test func whoIsCancelledDoesNotWait() async throws {
        let path = try script(after: "exec sleep 600")
        let task = Task { try await failure(of: path) }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        // Neither a verdict nor a wait.
        await #expect(throws: (any Error).self) { try await task.value }
    }

    /// The program itself: a photo and a text, one after the other in the same process.
    @Test(.enabled(if: RunningDaemon.isBuilt)) func theProgramDoesPhotosInAProcessOfTheirOwn() async throws {
        let (models, state) = (RunningDaemon.root.appending(path: "Models").path, folder.path + "/state")
        let processor = IsolatedProcessor(
            executable: RunningDaemon.executable.path,
            arguments: {
                var configuration = DaemonConfiguration()
                configuration.models = [models]
                configuration.threads = 1
                return configuration.isolatedArguments(state: state)
            },
            logger: .silent)
        let result = try await processor.process(photo(at: RunningDaemon.demoPhoto.path))
        #expect(result.summary.label == "cat" && result.summary.model == "petshop")
        #expect(result.sidecars.map(\.kind) == [.saliency, .overlay, .boxes])
        let text = folder.path + "/text.jpg"
        try Data("no photo".utf8).write(to: URL(filePath: text))
        await #expect(throws: PhotoFailure.self) { _ = try await processor.process(photo(at: text)) }
        do {
            _ = try await processor.process(photo(at: text))
        } catch PhotoFailure.permanent(let code, _) {
            #expect(code == "not-a-jpeg")
        }
    }

    private func record(_ failure: PhotoFailure?) { Issue.record("\(String(describing: failure))") }
}
