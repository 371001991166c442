import Foundation
import Interpretation
import Synchronization

/// What `check` has found of methods on networks, kept in the state folder.
final class MethodChecks: Sendable {
    /// By the SHA-256 of `model.onnx`, then by the method's name.
    private typealias Findings = [String: [String: String]]

    private let file: String
    private let findings: Mutex<Findings>

    /// A file that cannot be read counts as none: the check can be run again.
    init(state: String) {
        file = state + "/method-checks.json"
        let known = FileManager.default.contents(atPath: file).flatMap {
            try? JSONDecoder().decode(Findings.self, from: $0)
        }
        findings = Mutex(known ?? [:])
    }

    /// Nil where this network was not checked.
    func verdict(of method: String, on model: LoadedModel) -> RandomizationCheck.Verdict? {
        findings.withLock { $0[model.sha256]?[method] }.flatMap { RandomizationCheck.Verdict(rawValue: $0) }
    }

    /// All that is known of this network, by method.
    func verdicts(on model: LoadedModel) -> [String: String] {
        findings.withLock { $0[model.sha256] } ?? [:]
    }

    /// - Throws: what writing the file throws; the verdicts hold until the daemon ends nevertheless.
    func note(_ verdicts: [String: RandomizationCheck.Verdict], on model: LoadedModel) throws {
        let all = findings.withLock { findings in
            findings[model.sha256, default: [:]].merge(verdicts.mapValues(\.rawValue)) { _, new in new }
            return findings
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(all).write(to: URL(filePath: file), options: .atomic)
    }

    /// Said with every picture of a method whose pictures hardly depend on what the network has learned: on this network where
    /// that was checked, else on the one that the methods' cards are of.
    func warnings(of card: MethodCard, on model: LoadedModel) -> [String] {
        let own = verdict(of: card.name, on: model)
        guard own ?? card.randomization.verdict == .fails else { return [] }
        let place = own == nil ? "" : " on this very network"
        return [
            "\(card.name) FAILS the randomization check of Adebayo et al. 2018\(place): its picture changes little when the "
                + "upper layers are made random, so do not read it as a reason"
        ]
    }
}
