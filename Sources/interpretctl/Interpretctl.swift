import ArgumentParser
import Glibc
import WireProtocol

@main
struct Interpretctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interpretctl",
        abstract: "Ask the interpretd daemon what its networks see in photos, and why.",
        discussion: """
            Examples:
              interpretctl status
              interpretctl explain IMG_1.jpg --out results
              interpretctl explain photos --out results --recursive
              interpretctl explain IMG_1.jpg --method occlusion --class dog --window 32
              interpretctl watch
              interpretctl report --since yesterday --output report.html

            The socket is --socket, else $INTERPRETD_SOCKET, else $XDG_RUNTIME_DIR/interpretd/interpretd.sock if it \
            exists, else /run/interpretd/interpretd.sock.
            Exit codes: 0 done, 1 the request failed, 2 wrong usage, 3 no daemon at the socket.
            """,
        version: WireVersion.software,
        subcommands: [
            StatusCommand.self, DoctorCommand.self, ModelsCommand.self, MethodsCommand.self, PhotosCommand.self,
            RedoCommand.self, CleanCommand.self, CorrectCommand.self, CorrectionsCommand.self, ReportCommand.self,
            MetricsCommand.self,
            ExplainCommand.self, SegmentCommand.self, IndexCommand.self, UnitsCommand.self, ConvertCommand.self,
            EvaluateCommand.self, CalibrateCommand.self, CheckCommand.self, AuditCommand.self, NeighboursCommand.self,
            ConceptCommand.self, CompareCommand.self, RunCommand.self,
            WatchCommand.self,
            ProjectCommand.self, VisualizeCommand.self, LessonCommand.self,
            SidecarsCommand.self, VersionCommand.self,
        ])

    static func main() async {
        // A reader that goes away, `| head` for one, shows as an error of write instead of killing us halfway.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        let status = ExitStatus(of: error)
        switch status {
        case .done:
            // Help and version travel as errors too.
            Terminal.write(fullMessage(for: error) + "\n")
        case .usage:
            let name = CommandLine.arguments.dropFirst().first { argument in
                configuration.subcommands.contains { $0.configuration.commandName == argument }
            }
            let help = (["interpretctl"] + [name].compactMap { $0 } + ["--help"]).joined(separator: " ")
            Terminal.writeError("\(message(for: error)); see '\(help)'")
        case .failed, .noDaemon:
            Terminal.writeError("\(error)")
        }
        Glibc.exit(status.rawValue)
    }
}

/// The contract's exit codes.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case noDaemon = 3

    init(of error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self = failure.status
        case is RPCError:
            self = .failed
        default:
            switch Interpretctl.exitCode(for: error) {
            case .success: self = .done
            // ArgumentParser follows sysexits.h here, with 64.
            case .validationFailure: self = .usage
            default: self = .failed
            }
        }
    }
}

/// What keeps the client from doing its work, in a sentence that says what to do.
struct CommandFailure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String
    /// Whether no further request can be made.
    let endsConnection: Bool

    init(_ description: String, status: ExitStatus = .failed, endsConnection: Bool = false) {
        self.status = status
        self.description = description
        self.endsConnection = endsConnection
    }
}
