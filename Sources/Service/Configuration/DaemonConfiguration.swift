import Files
import Foundation
import Inbox
import Photos
import Web
import WireProtocol

/// How a daemon is run. Whatever is nil has a default that works; ``Setting`` has a row for each member, and
/// ``ConfigurationSources`` says where they come from.
public struct DaemonConfiguration: Sendable, Hashable {
    /// Folder whose photos are interpreted.
    public var inbox: String?
    /// Whether the inbox is made where it is missing.
    public var create: Bool?
    /// Where clients connect.
    public var socket: String?
    /// Folders of model folders; of models with the same name the one in the first of these folders is used.
    public var models: [String]?
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
    /// Whether files of others that have a sidecar's name are replaced.
    public var overwrite: Bool?
    /// For how long sidecars are kept, such as `90d`; for ever where nil.
    public var retention: String?
    /// Folders beside the inbox in which the daemon opens what clients name.
    public var roots: [String]?
    /// Groups that may see how the daemon and the photos are; everybody who can connect where nil.
    public var look: [String]?
    /// Groups that may ask the networks; everybody who can connect where nil.
    public var explain: [String]?
    /// Groups that may change what the daemon does, beside root and its own user.
    public var administrate: [String]?
    /// Largest photo, in millions of pixels.
    public var maxMegapixels: Int?
    /// Memory that decoding one photo may take for its pixels, and again for progressive coefficients, in MiB.
    public var maxPhotoMemory: Int?
    /// Memory that what a network computes at once may take, with what it keeps for later, in MiB.
    public var maxPlanMemory: Int?
    /// Address and port at which the evidence page is served, such as `127.0.0.1:8780`; nowhere where nil.
    public var web: String?
    /// Whether more is logged.
    public var verbose: Bool?

    public init() {}

    /// - Throws: `DaemonError.configuration`, with the key, for a value that makes no sense.
    func validate() throws(DaemonError) {
        if let threads, !(1...1024).contains(threads) {
            throw .configuration("threads", "should lie between 1 and 1024, got \(threads)")
        }
        if let models, models.isEmpty { throw .configuration("models", "should name at least one folder") }
        _ = try pipeline()
        _ = try decodeLimits()
        _ = try planMemory()
        _ = try accessGroups()
        if let web {
            do { _ = try WebAddress(web) } catch { throw .configuration("web", "\(error)") }
        }
    }

    /// How the inbox is looked after.
    ///
    /// - Throws: `DaemonError.configuration` for a number that makes no sense.
    func pipeline() throws(DaemonError) -> PhotoPipeline.Configuration {
        let quiet = settle ?? 0.3
        guard (0.01...3600).contains(quiet) else {
            throw .configuration("settle", "should lie between 0.01 and 3600 seconds, got \(quiet)")
        }
        let kept = try retention.map { text throws(DaemonError) in
            guard let age = Age(text) else {
                throw .configuration("retention", "should be a time such as 90d, 12h or 30m, got '\(text)'")
            }
            return age.seconds
        }
        return PhotoPipeline.Configuration(
            quietTime: .seconds(quiet), keepsOrphans: keepSidecars ?? false, overwrites: overwrite ?? false,
            retention: kept)
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

    /// What the plans of one network may hold, in bytes.
    ///
    /// - Throws: `DaemonError.configuration` for a number that makes no sense.
    func planMemory() throws(DaemonError) -> Int {
        let mebibytes = maxPlanMemory ?? 1024
        guard (64...1_048_576).contains(mebibytes) else {
            throw .configuration("maxPlanMemory", "should lie between 64 and 1048576 MiB, got \(mebibytes)")
        }
        return mebibytes << 20
    }

    /// What a process for one photo is started with, so that it does what this daemon would do.
    package func isolatedArguments(state: String) -> [String] {
        var arguments = ["process-one", "--state", state]
        func add(_ flag: String, _ value: (some CustomStringConvertible)?) {
            if let value { arguments += [flag, "\(value)"] }
        }
        for folder in models ?? [] { add("--models", folder) }
        add("--threads", threads)
        add("--max-megapixels", maxMegapixels)
        add("--max-photo-memory", maxPhotoMemory)
        add("--max-plan-memory", maxPlanMemory)
        if occlusion == true { arguments.append("--occlusion") }
        if plainSaliency == true { arguments.append("--plain-saliency") }
        return arguments
    }

    // MARK: Defaults

    /// `inbox` below `$STATE_DIRECTORY` under systemd, else in the working directory.
    func inboxFolder(_ environment: [String: String]) -> URL {
        if let inbox { return URL(filePath: inbox, directoryHint: .isDirectory) }
        guard let service = Self.serviceState(environment) else {
            return URL(filePath: "inbox", directoryHint: .isDirectory)
        }
        return service.appending(path: "inbox", directoryHint: .isDirectory)
    }

    /// The real paths of the inbox and of ``roots``.
    ///
    /// - Throws: `DaemonError.folder` for one that is not there.
    func permittedFolders(_ inbox: URL) throws(DaemonError) -> PermittedFolders {
        var folders = [FilePath(inbox.path)]
        for root in roots ?? [] {
            let folder = try Daemon.prepared(URL(filePath: root, directoryHint: .isDirectory), mustExist: true)
            folders.append(FilePath(folder.path))
        }
        return PermittedFolders(folders: folders)
    }

    func socketPath(_ environment: [String: String]) -> String {
        let path = SocketPath.forListening(explicit: socket, environment: environment)
        return URL(filePath: path).path
    }

    /// `$STATE_DIRECTORY` under systemd, else where the XDG base directory specification puts state.
    func stateFolder(_ environment: [String: String]) -> URL {
        if let state { return URL(filePath: state, directoryHint: .isDirectory) }
        if let service = Self.serviceState(environment) { return service }
        if let folder = environment["XDG_STATE_HOME"], !folder.isEmpty {
            return URL(filePath: folder).appending(path: "interpretd")
        }
        return FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/state/interpretd")
    }

    /// The folders of ``models``; where none is named, the person's own networks in `models` of the state folder, if that
    /// is there, and the bundled ones.
    func modelFolders(_ environment: [String: String]) throws(DaemonError) -> [URL] {
        if let models { return models.map { URL(filePath: $0, directoryHint: .isDirectory) } }
        func exists(_ folder: URL) -> Bool { FileManager.default.fileExists(atPath: folder.path) }
        let own = stateFolder(environment).appending(path: "models", directoryHint: .isDirectory)
        let candidates = ModelStore.standardDirectories(executable: Self.executable)
        let found = [own].filter(exists) + candidates.filter(exists).prefix(1)
        guard !found.isEmpty else { throw .noModelsFolder(searched: candidates.map(\.path)) }
        return found
    }

    private static func serviceState(_ environment: [String: String]) -> URL? {
        (environment["STATE_DIRECTORY"]?.split(separator: ":").first).map {
            URL(filePath: String($0), directoryHint: .isDirectory)
        }
    }

    private static var executable: URL {
        URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/")
    }
}
