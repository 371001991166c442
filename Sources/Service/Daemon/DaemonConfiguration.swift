public import Foundation
import Inbox
import Photos
import WireProtocol

/// How a daemon is run: from a JSON file, or from flags, which win; whatever is left out has a default that works.
public struct DaemonConfiguration: Codable, Sendable, Hashable {
    /// Folder whose photos are interpreted; made where it is missing.
    public var inbox: String?
    /// Where clients connect.
    public var socket: String?
    /// Folder of model folders.
    public var models: String?
    /// Folder for what is remembered between runs.
    public var state: String?
    /// Threads of the network's kernels.
    public var threads: Int?
    /// Whether every photo gets an occlusion map beside its other pictures.
    public var occlusion: Bool?
    /// Whether the saliency pictures are grey maps alone, without the photo under them.
    public var plainSaliency: Bool?
    /// Seconds for which a photo must stay unchanged before it is read.
    public var settle: Double?
    /// Whether the sidecars of a photo stay when it is deleted, renamed or moved away.
    public var keepSidecars: Bool?
    /// Largest photo, in millions of pixels.
    public var maxMegapixels: Int?
    /// Memory that decoding one photo may take for its pixels, and again for progressive coefficients, in MiB.
    public var maxPhotoMemory: Int?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case inbox, socket, models, state, threads, occlusion, plainSaliency, settle, keepSidecars, maxMegapixels,
            maxPhotoMemory
    }

    public init(
        inbox: String? = nil, socket: String? = nil, models: String? = nil, state: String? = nil, threads: Int? = nil,
        occlusion: Bool? = nil, plainSaliency: Bool? = nil, settle: Double? = nil, keepSidecars: Bool? = nil,
        maxMegapixels: Int? = nil,
        maxPhotoMemory: Int? = nil
    ) {
        self.settle = settle
        self.keepSidecars = keepSidecars
        self.maxMegapixels = maxMegapixels
        self.maxPhotoMemory = maxPhotoMemory
        self.occlusion = occlusion
        self.plainSaliency = plainSaliency
        self.inbox = inbox
        self.socket = socket
        self.models = models
        self.state = state
        self.threads = threads
    }

    /// - Throws: `DaemonError.configuration`, naming a misspelt key.
    public init(contentsOf file: URL) throws(DaemonError) {
        do {
            let data = try Data(contentsOf: file)
            let known = Set(CodingKeys.allCases.map(\.rawValue))
            let given = try JSONDecoder().decode([String: AnyValue].self, from: data).keys
            if let unknown = given.filter({ !known.contains($0) }).min() {
                throw DaemonError.configuration(
                    file.path, "there is no setting '\(unknown)'; there are \(known.sorted().joined(separator: ", "))")
            }
            self = try JSONDecoder().decode(DaemonConfiguration.self, from: data)
        } catch let error as DaemonError {
            throw error
        } catch let DecodingError.typeMismatch(_, context) {
            throw .configuration(
                file.path, "'\(context.codingPath.last?.stringValue ?? "file")': \(context.debugDescription)")
        } catch {
            throw .configuration(file.path, error.localizedDescription)
        }
    }

    /// What `self` sets, and `other` where it sets nothing.
    public func filled(from other: DaemonConfiguration) -> DaemonConfiguration {
        DaemonConfiguration(
            inbox: inbox ?? other.inbox, socket: socket ?? other.socket, models: models ?? other.models,
            state: state ?? other.state, threads: threads ?? other.threads,
            occlusion: occlusion ?? other.occlusion, plainSaliency: plainSaliency ?? other.plainSaliency,
            settle: settle ?? other.settle,
            keepSidecars: keepSidecars ?? other.keepSidecars, maxMegapixels: maxMegapixels ?? other.maxMegapixels,
            maxPhotoMemory: maxPhotoMemory ?? other.maxPhotoMemory)
    }

    /// How the inbox is looked after.
    ///
    /// - Throws: `DaemonError.configuration` for a number that makes no sense.
    func pipeline() throws(DaemonError) -> PhotoPipeline.Configuration {
        let quiet = settle ?? 0.3
        guard (0.01...3600).contains(quiet) else {
            throw .configuration("settle", "should lie between 0.01 and 3600 seconds, got \(quiet)")
        }
        return PhotoPipeline.Configuration(quietTime: .seconds(quiet), keepsOrphans: keepSidecars ?? false)
    }

    /// How large a photo may be.
    ///
    /// - Throws: `DaemonError.configuration` for a number that makes no sense.
    func decodeLimits() throws(DaemonError) -> DecodeLimits {
        if let maxMegapixels, !(1...4290).contains(maxMegapixels) {
            throw .configuration("maxMegapixels", "should lie between 1 and 4290, got \(maxMegapixels)")
        }
        if let maxPhotoMemory, !(16...1_048_576).contains(maxPhotoMemory) {
            throw .configuration("maxPhotoMemory", "should lie between 16 and 1048576 MiB, got \(maxPhotoMemory)")
        }
        return DecodeLimits(megapixels: maxMegapixels, mebibytes: maxPhotoMemory)
    }

    /// What a process for one photo is started with, so that it does what this daemon would do.
    package func isolatedArguments(state: String) -> [String] {
        var arguments = ["process-one", "--state", state]
        func add(_ flag: String, _ value: (some CustomStringConvertible)?) {
            if let value { arguments += [flag, "\(value)"] }
        }
        add("--models", models)
        add("--threads", threads)
        add("--max-megapixels", maxMegapixels)
        add("--max-photo-memory", maxPhotoMemory)
        if occlusion == true { arguments.append("--occlusion") }
        if plainSaliency == true { arguments.append("--plain-saliency") }
        return arguments
    }

    // MARK: Defaults

    var inboxFolder: URL { URL(filePath: inbox ?? "inbox", directoryHint: .isDirectory) }

    func socketPath(_ environment: [String: String]) -> String {
        let path = SocketPath.forListening(explicit: socket, environment: environment)
        return URL(filePath: path).path
    }

    /// `$STATE_DIRECTORY` under systemd, else where the XDG base directory specification puts state.
    func stateFolder(_ environment: [String: String]) -> URL {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let state { return URL(filePath: state, directoryHint: .isDirectory) }
        if let folder = variable("STATE_DIRECTORY")?.split(separator: ":").first {
            return URL(filePath: String(folder), directoryHint: .isDirectory)
        }
        if let folder = variable("XDG_STATE_HOME") { return URL(filePath: folder).appending(path: "interpretd") }
        return FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/state/interpretd")
    }

    func modelsFolder() throws(DaemonError) -> URL {
        if let models { return URL(filePath: models, directoryHint: .isDirectory) }
        let candidates = ModelStore.standardDirectories(executable: Self.executable)
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
            throw .noModelsFolder(searched: candidates.map(\.path))
        }
        return found
    }

    private static var executable: URL {
        URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/")
    }

    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }
}
