import CDNN
public import Foundation

/// What was found to be fastest on this machine, remembered in a file.
///
/// A question that has been settled once stays settled for as long as the process runs, so that equal requests get
/// equal bits; where plans are made before anything is measured (see `isHasty`), that holds from then on. Sessions share one
/// table; it may be asked from any thread.
public final class AlgorithmTable: @unchecked Sendable {
    /// How long may be measured for one plan that somebody waits for, so that a network of shapes never met before answers
    /// soon. What is left open is decided as the library would, and measured after the next start.
    public static let standardBudget = Duration.seconds(6)

    private struct File: Codable {
        static let currentVersion = 2

        var version: Int
        /// Processor, instruction set and version of the library: on another, everything is measured anew.
        var machine: String
        /// Convolution to algorithm.
        var algorithms: [String: String]
        /// Network and request to arrangement.
        var arrangements: [String: String]
    }

    private let file: URL?
    private let log: @Sendable (String) -> Void
    private let budget: Duration
    private let measures: Bool
    /// Whether a network answers at once, computed as the library would, and is measured when nobody waits for it.
    let isHasty: Bool
    private let lock = NSLock()
    // The lock guards what follows.
    private var algorithms: [String: ConvolutionAlgorithm] = [:]
    private var arrangements: [String: Arrangement] = [:]
    private var provisional: Set<String> = []
    private var hasChanged = false
    private var savedAt = ContinuousClock.now
    private var hasFailed = false

    /// How often what is measured is written while a plan is being made. A process that is killed again and again before
    /// its first plan is complete gets on all the same.
    private static let savingInterval = Duration.seconds(1)

    /// - Parameters:
    ///   - file: where to remember; in memory alone where nil. A file of another machine or version, or one that
    ///     cannot be read, is replaced.
    ///   - budget: how long may be measured for one plan; of no account in haste.
    ///   - measures: false where only what is remembered counts, and nothing is written.
    ///   - isHasty: whether a network of shapes never met before answers at once, and is measured when nobody waits for it.
    ///   - log: is told where the file is of no use, in one line.
    public init(
        file: URL? = nil, budget: Duration = AlgorithmTable.standardBudget, measures: Bool = true,
        isHasty: Bool = false, log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.file = file
        self.budget = budget
        self.measures = measures
        self.isHasty = isHasty && measures
        self.log = log
        if let file { read(file) }
    }

    /// How many questions are settled.
    package var count: Int { lock.withLock { algorithms.count + arrangements.count } }

    // MARK: Asking and settling

    func algorithm(for key: String) -> ConvolutionAlgorithm? { lock.withLock { algorithms[key] } }
    func arrangement(for key: String) -> Arrangement? { lock.withLock { arrangements[key] } }

    /// Settles a question unless that has been done meanwhile; what is returned counts.
    func settle(_ key: String, on algorithm: ConvolutionAlgorithm, isMeasured: Bool) -> ConvolutionAlgorithm {
        let settled = lock.withLock {
            if let known = algorithms[key] { return known }
            algorithms[key] = algorithm
            if isMeasured { hasChanged = true } else { provisional.insert(key) }
            return algorithm
        }
        if isMeasured { saveNowAndThen() }
        return settled
    }

    /// An answer from the file that cannot be followed here.
    func forget(_ algorithm: ConvolutionAlgorithm, for key: String) {
        lock.withLock {
            if algorithms[key] == algorithm { algorithms[key] = nil }
        }
    }

    func settle(_ key: String, on arrangement: Arrangement, isMeasured: Bool) -> Arrangement {
        lock.withLock {
            if let known = arrangements[key] { return known }
            arrangements[key] = arrangement
            if isMeasured { hasChanged = true } else { provisional.insert(key) }
            return arrangement
        }
    }

    /// For a plan that somebody waits for, or for one that is made again when nobody does.
    func budget(isAwaited: Bool) -> MeasuringBudget {
        guard measures else { return MeasuringBudget(.zero) }
        guard isHasty else { return MeasuringBudget(budget) }
        // Nobody waits for a measurement, and one that nobody waits for may take its time.
        return MeasuringBudget(isAwaited ? .zero : nil)
    }

    // MARK: The file

    /// Writes what is new. Where that fails it stays in memory, and the log says so once a start.
    func save() {
        guard let file, measures else { return }
        let data: Data? = lock.withLock {
            guard hasChanged else { return nil }
            hasChanged = false
            savedAt = .now
            let content = File(
                version: File.currentVersion, machine: AlgorithmTable.machine,
                algorithms: algorithms.filter { !provisional.contains($0.key) }.mapValues(\.description),
                arrangements: arrangements.filter { !provisional.contains($0.key) }.mapValues(\.rawValue))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            return try? encoder.encode(content)
        }
        guard let data else { return }
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file, options: .atomic)
        } catch {
            let isFirst = lock.withLock {
                defer { hasFailed = true }
                return !hasFailed
            }
            guard isFirst else { return }
            log(
                "measured speeds are kept in memory only: \(file.path) cannot be written (\(error.localizedDescription))"
            )
        }
    }

    private func saveNowAndThen() {
        if lock.withLock({ savedAt.duration(to: .now) >= AlgorithmTable.savingInterval }) { save() }
    }

    private func read(_ file: URL) {
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        let content: File
        do {
            content = try JSONDecoder().decode(File.self, from: Data(contentsOf: file))
        } catch {
            log("\(file.path) is damaged; convolutions are measured anew")
            return
        }
        guard content.version == File.currentVersion, content.machine == AlgorithmTable.machine else {
            log("\(file.path) is of another machine or version; convolutions are measured anew")
            return
        }
        algorithms = content.algorithms.compactMapValues(ConvolutionAlgorithm.init)
        arrangements = content.arrangements.compactMapValues(Arrangement.init)
    }

    /// What measurements depend on besides the question.
    static let machine: String = {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":", maxSplits: 1).last }?.trimmingCharacters(in: .whitespaces)
        return "\(model ?? "unknown processor"), \(ProcessInfo.processInfo.activeProcessorCount) cores, "
            + "instruction set \(cdnn_instruction_set()), "
            + "oneDNN \(cdnn_version_major()).\(cdnn_version_minor()).\(cdnn_version_patch())"
    }()
}
