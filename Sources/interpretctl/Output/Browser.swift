import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Chromium or Chrome without a window, as a printer.
final class Browser: Sendable {
    /// What Debian, Ubuntu, Fedora and Google call it.
    static let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    /// Thousands of pictures on a slow machine.
    private static let patience: Duration = .seconds(600)

    private let executable: String
    /// Its process, while it runs.
    private let process = Mutex<pid_t?>(nil)

    private init(_ executable: String) {
        self.executable = executable
    }

    /// The first of ``names`` in the folders of `PATH`.
    ///
    /// - Throws: `CommandFailure` where there is none.
    static func installed(
        _ path: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    ) throws -> Browser {
        for name in names {
            for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
                return Browser("\(folder)/\(name)")
            }
        }
        throw CommandFailure(
            "a PDF is printed by Chromium or Chrome, and none of \(names.joined(separator: ", ")) is in the PATH: install one "
                + "('apt install chromium' on Debian), or leave --format pdf out and print the HTML report from any browser"
        )
    }

    /// - Parameters:
    ///   - page: an HTML file, by its absolute or relative path.
    ///   - file: the PDF.
    ///   - profile: a folder of its own, so that a browser that the person has open is not asked.
    /// - Throws: `CommandFailure` where no PDF comes of it.
    func print(_ page: String, to file: String, profile: String) async throws {
        var arguments = [
            "--headless", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--no-pdf-header-footer",
            "--user-data-dir=\(Files.absolutePath(profile))",
            "--print-to-pdf=\(Files.absolutePath(file))", URL(filePath: Files.absolutePath(page)).absoluteString,
        ]
        // Its sandbox is not for root; the page is our own, and its policy allows it nothing but its own script.
        if geteuid() == 0 { arguments.insert("--no-sandbox", at: 0) }
        let deadline = Task {
            try await Task.sleep(for: Browser.patience)
            stop()
        }
        defer { deadline.cancel() }
        defer { process.withLock { $0 = nil } }
        let end: TerminationStatus
        do {
            end = try await Subprocess.run(
                .path(.init(executable)), arguments: Arguments(arguments), input: .none, output: .discarded,
                error: .discarded
            ) { execution in process.withLock { $0 = execution.processIdentifier.value } }.terminationStatus
        } catch {
            throw CommandFailure("cannot start \(executable): \(error)")
        }
        // It says that all is well also where it is not.
        guard end.isSuccess, Browser.isPDF(file) else {
            throw CommandFailure(
                "\(executable) printed no PDF; try it by hand, or leave --format pdf out and print the HTML report from any "
                    + "browser")
        }
    }

    /// Ends it where it runs.
    func stop() {
        process.withLock { if let number = $0 { kill(number, SIGTERM) } }
    }

    private static func isPDF(_ file: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: file) else { return false }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 5)) == Data("%PDF-".utf8)
    }
}
