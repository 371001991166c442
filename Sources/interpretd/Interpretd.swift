import ArgumentParser
import Dispatch
import Foundation
import Glibc
import Inbox
import Logging
import Service

@main
struct Interpretd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interpretd",
        abstract: "Explains what a trained network sees in every photo of a folder.",
        discussion: """
            Keeps trained CNNs in memory, watches an inbox folder, and writes boxes and saliency images beside each \
            new photo. `interpretctl` asks it questions.

            EXAMPLES
              interpretd                              serve ./inbox with the bundled model
              interpretd serve --inbox /srv/photos    serve another folder
              interpretd process /srv/archive         one pass over a folder, then exit

            Exit codes: 0 done, 1 failed, 2 a wrong command line or configuration, which starting again does not mend.
            """,
        version: "0.1.0",
        subcommands: [Serve.self, Process.self, Config.self, ProcessOne.self],
        defaultSubcommand: Serve.self)

    static func main() {
        if CommandLine.arguments.dropFirst().first == ProcessOne.name {
            // What the daemon has open is not this process's business; not all of it closes by itself.
            closefrom(STDERR_FILENO + 1)
        }
        Descriptors.prepare()
        LibrarySettings.configure()
        Interpretd.leaveSignalsToTheSystem()
        // An asynchronous main would give all work a priority above the ordinary, which the unit allows one thread that computes
        // nothing, and which no thread of a user without rights can have: the thread pool would say so in the log for each.
        Task.detached(priority: .medium) { await run() }
        dispatchMain()
    }

    private static func run() async -> Never {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            end(with: nil)
        } catch {
            end(with: error)
        }
    }

    /// Ends the process. Not by `exit`, which first takes down what libraries keep: a thread that still computes with it, such
    /// as one that measures convolutions, would end the process by a signal.
    private static func end(with error: (any Error)?) -> Never {
        var code = ExitCode.success
        if let error {
            code = exitCode(for: error)
            // ArgumentParser follows sysexits.h here, with 64.
            if code == .validationFailure { code = .configuration }
            let text = fullMessage(for: error)
            let output = code == .success ? FileHandle.standardOutput : .standardError
            if !text.isEmpty { output.write(Data((text + "\n").utf8)) }
        }
        fflush(nil)
        _exit(code.rawValue)
    }
}

extension Interpretd {
    /// Swift's runtime prints a backtrace at these signals and then lets the failing instruction run once more, which
    /// ends the process. Sent by somebody, by systemd's watchdog for one, they are no instruction's fault, and the process
    /// would live on. So they do what they do everywhere else: they end it at once.
    private static func leaveSignalsToTheSystem() {
        for number in [SIGABRT, SIGQUIT] { signal(number, SIG_DFL) }
    }
}

/// What all subcommands take.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "YAML file with settings, such as /etc/interpretd/config.yaml, which explains them. Variables INTERPRETD_INBOX, "
                + "INTERPRETD_MAX_MEGAPIXELS and so on are stronger, and flags are stronger still.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Unix socket for clients. [default: $INTERPRETD_SOCKET, $XDG_RUNTIME_DIR/interpretd/interpretd.sock, "
                + "/run/interpretd/interpretd.sock]", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Folder of model folders, or one model folder. May be given several times; of models with the same name the "
                + "first is used. [default: 'models' in the state folder, and the bundled ones]", valueName: "dir"))
    var models: [String] = []

    @Option(help: ArgumentHelp("Folder for what is remembered between runs.", valueName: "dir"))
    var state: String?

    @Option(help: "Threads of the network's kernels. [default: all cores]")
    var threads: Int?

    @Flag(help: "Write an occlusion map beside every photo.")
    var occlusion = false

    @Flag(help: "Write the saliency beside a photo as a grey map alone, without the photo under it.")
    var plainSaliency = false

    @Option(
        help: ArgumentHelp(
            "Seconds for which a photo must stay unchanged before it is read; one whose picture has no end yet waits ten. "
                + "[default: 0.3]", valueName: "seconds"))
    var settle: Double?

    @Flag(help: "Leave the files beside a photo where they are when it is deleted, renamed or moved away.")
    var keepSidecars = false

    @Flag(help: "Replace files of others that have the name of a file beside a photo.")
    var overwrite = false

    @Option(
        help: ArgumentHelp(
            "Remove the files beside a photo so long after it was done, such as 90d or 12h. [default: never]",
            valueName: "time"))
    var retention: String?

    @Option(
        help: ArgumentHelp(
            "A folder beside the inbox in which photos and folders are opened that clients name. May be given several times.",
            valueName: "dir"))
    var roots: [String] = []

    @Option(help: ArgumentHelp("Largest photo, in millions of pixels. [default: 2000]", valueName: "count"))
    var maxMegapixels: Int?

    @Option(
        help: ArgumentHelp(
            "Memory that decoding one photo may take for its pixels, and again for progressive coefficients. "
                + "[default: 768]", valueName: "MiB"))
    var maxPhotoMemory: Int?

    @Option(
        help: ArgumentHelp(
            "Memory that a network may take for what it computes at once, with what it keeps for later. [default: 1024]",
            valueName: "MiB"))
    var maxPlanMemory: Int?

    @Flag(help: "Log more.")
    var verbose = false

    /// Where the configuration is to be read from.
    func sources(inbox: String?, create: Bool = false, web: String? = nil) -> ConfigurationSources {
        var flags = DaemonConfiguration()
        flags.inbox = inbox
        flags.create = create ? true : nil
        flags.socket = socket
        flags.models = models.isEmpty ? nil : models
        flags.state = state
        flags.threads = threads
        flags.occlusion = occlusion ? true : nil
        flags.plainSaliency = plainSaliency ? true : nil
        flags.settle = settle
        flags.keepSidecars = keepSidecars ? true : nil
        flags.overwrite = overwrite ? true : nil
        flags.retention = retention
        flags.roots = roots.isEmpty ? nil : roots
        flags.maxMegapixels = maxMegapixels
        flags.maxPhotoMemory = maxPhotoMemory
        flags.maxPlanMemory = maxPlanMemory
        flags.web = web
        flags.verbose = verbose ? true : nil
        return ConfigurationSources(flags: flags, file: config)
    }

    func logger() -> Logger {
        LoggingSystem.bootstrap { _ in JournalLogHandler(style: .detected()) }
        return Logger(label: "interpretd")
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch the inbox and answer at the socket, until SIGTERM.",
        discussion: """
            EXAMPLES
              interpretd serve --inbox /srv/photos --socket /run/user/1000/interpretd.sock
              interpretd serve --config /etc/interpretd/config.yaml
              interpretd serve --web 127.0.0.1:8780      with the evidence page, for browsers of this machine
            """)

    @OptionGroup var options: DaemonOptions

    @Option(
        help: ArgumentHelp(
            "Folder whose photos are interpreted. [default: 'inbox' in $STATE_DIRECTORY, else in this folder]",
            valueName: "dir"))
    var inbox: String?

    @Flag(help: "Make the inbox where it is missing.")
    var create = false

    @Option(
        help: ArgumentHelp(
            "Serve the evidence page at this address of the machine, such as 127.0.0.1:8780; beyond loopback with a token. "
                + "[default: not at all]", valueName: "address:port"))
    var web: String?

    func run() async throws {
        // Until the daemon can read its configuration again, a wish for that is no reason to end.
        signal(SIGHUP, SIG_IGN)
        var logger = options.logger()
        let sources = options.sources(inbox: inbox, create: create, web: web)
        let configuration = try await orExit(logger) { try await sources.read() }
        if configuration.verbose == true { logger.logLevel = .debug }
        try await orExit(logger) { [logger] in
            try await Daemon(configuration, rereading: { try await sources.read() }, logger: logger).run()
        }
    }
}

struct Process: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "One pass over a folder; exits with 0 if every photo was done, with 1 if not, with 2 if there is no network or folder.",
        discussion: """
            Photos whose sidecars are there already are left alone.

            EXAMPLES
              interpretd process /srv/archive
            """)

    @OptionGroup var options: DaemonOptions

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"))
    var folder: String

    func run() async throws {
        let logger = options.logger()
        let tally = try await orExit(logger) {
            try await Daemon.process(try await options.sources(inbox: folder).read(), logger: logger)
        }
        print("\(tally.done) done, \(tally.adopted) done before, \(tally.failed) failed, \(tally.postponed) postponed")
        if !tally.isComplete { throw ExitCode(1) }
    }
}

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a configuration file says.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file; exits with 2 where a daemon would not start with it.",
            discussion: """
                EXAMPLES
                  interpretd config check
                  interpretd config check draft.yaml
                """)

        @Argument(help: ArgumentHelp("The file.", valueName: "file"))
        var file = "/etc/interpretd/config.yaml"

        func run() async throws {
            do {
                let keys = try await ConfigurationSources.check(file)
                print(
                    "\(file): in order; \(keys.isEmpty ? "it sets nothing" : "it sets \(keys.joined(separator: ", "))")"
                )
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                throw ExitCode.configuration
            }
        }
    }
}

/// What the daemon starts for photos over which it may have died; nobody else needs it.
struct ProcessOne: AsyncParsableCommand {
    static let name = "process-one"

    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Do the photos that are named at standard input, a socket.",
        shouldDisplay: false)

    @OptionGroup var options: DaemonOptions

    func run() async throws {
        var logger = options.logger()
        logger.logLevel = .warning
        try await orExit(logger) { [options, logger] in
            try await IsolatedWorker(try await options.sources(inbox: nil).read(), logger: logger).run()
        }
    }
}

/// Runs `body`; what stops it is said in one line.
private func orExit<R>(_ logger: Logger, _ body: () async throws -> R) async throws -> R {
    do {
        return try await body()
    } catch let error as ValidationError {
        throw error
    } catch {
        logger.critical("\(error)")
        throw Daemon.isConfigurationError(error) ? ExitCode.configuration : ExitCode.failure
    }
}

extension ExitCode {
    /// systemd is told not to start the daemon again after it (`RestartPreventExitStatus=` in interpretd.service).
    fileprivate static let configuration = ExitCode(2)
}
