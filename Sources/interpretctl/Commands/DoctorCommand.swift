import ArgumentParser
import Foundation
import Glibc
import WireProtocol

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "What is well with the daemon, what is not, and what to do about it.",
        discussion: """
            Examples:
              interpretctl doctor
              interpretctl doctor --json | jq '.checks[] | select(.verdict != "ok")'

            Exit code 1 where a check fails; 0 where all is well or only to be looked at.
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let checks = try await examine()
        if common.json {
            Terminal.write(try JSONText(encoding: DoctorResult(checks: checks)).utf8 + Data("\n".utf8))
        } else {
            Terminal.write(text(of: checks))
        }
        if checks.contains(where: { $0.verdict == .fail }) { Glibc.exit(ExitStatus.failed.rawValue) }
    }

    /// The daemon's checks behind the one that only we can make: that it answers.
    private func examine() async throws -> [DoctorResult.Check] {
        do {
            return try await common.withDaemon { connection in
                let version = try RPCMethods.version.output(
                    of: try await connection.call(RPCMethods.version, NoParameters()))
                let result = try await connection.call(RPCMethods.doctor, NoParameters())
                return [reachable(version)] + (try RPCMethods.doctor.output(of: result)).checks
            }
        } catch let failure as CommandFailure {
            return [.init("daemon", .fail, "it does not answer", remedy: failure.description)]
        }
    }

    private func reachable(_ version: VersionResult) -> DoctorResult.Check {
        guard version.version != WireVersion.software else { return .init("daemon", .ok, "\(version.version) answers") }
        return .init(
            "daemon", .warn, "it is \(version.version) and interpretctl is \(WireVersion.software)",
            remedy: "restart the daemon: 'systemctl restart interpretd'")
    }

    private func text(of checks: [DoctorResult.Check]) -> String {
        var table = Table()
        for check in checks {
            table.add([
                .init(check.verdict.rawValue, check.verdict.style), .init(check.name), .init(check.finding),
            ])
            if let remedy = check.remedy { table.add(["", "", "→ \(remedy)"].map { .init($0, .faint) }) }
        }
        return table.text
    }
}

extension DoctorResult.Check.Verdict {
    fileprivate var style: Style {
        switch self {
        case .ok: .green
        case .warn: .yellow
        case .fail: .red
        }
    }
}
