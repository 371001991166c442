/// The parameters of a method: an object whose members are all known, so that a misspelt name is an error instead of
/// being passed over.
public protocol RequestParameters: Codable, Sendable {
    /// The names of all members, required and optional.
    static var memberNames: [String] { get }
}

/// One row of the method table: a name, and the types that go with it.
public struct RPCMethod<Parameters: RequestParameters, Output: Codable & Sendable>: Sendable {
    public let name: String
    /// One line for help texts.
    public let summary: String

    /// The parameters of a request.
    ///
    /// - Throws: `RPCError` with `invalid-params` that names the member and what was expected.
    public func parameters(of request: Request) throws(RPCError) -> Parameters {
        do {
            if let unknown = try request.params.memberNames().filter({ !Parameters.memberNames.contains($0) }).min() {
                let known = Parameters.memberNames.sorted().joined(separator: ", ")
                throw RPCError(
                    .invalidParameters,
                    "\(name): unknown parameter '\(unknown)'; it takes \(known.isEmpty ? "none" : known)")
            }
            return try request.params.decoded(as: Parameters.self)
        } catch let error as RPCError {
            throw error
        } catch let error as DecodingError {
            throw RPCError(invalidParameters: error, of: name)
        } catch {
            throw RPCError(.invalidParameters, "\(name): \(error)")
        }
    }

    /// A request for this method.
    ///
    /// - Throws: `EncodingError`.
    public func request(id: RequestID?, _ parameters: Parameters) throws -> Request {
        Request(id: id, method: name, params: try JSONText(encoding: parameters))
    }
}

/// What all rows have in common, for lists over methods of different types.
public protocol RPCMethodDescription: Sendable {
    var name: String { get }
    var summary: String { get }

    /// - Throws: `RPCError` where the parameters of a request are not those of the method.
    func check(_ request: Request) throws(RPCError)
}

extension RPCMethod: RPCMethodDescription {
    public func check(_ request: Request) throws(RPCError) { _ = try parameters(of: request) }
}

/// The method table: every method of the protocol with the types of its parameters and its result.
public enum RPCMethods {
    public static let version = RPCMethod<NoParameters, VersionResult>(
        name: "version", summary: "versions of daemon and protocol, and what it offers")
    public static let status = RPCMethod<NoParameters, StatusResult>(
        name: "status", summary: "what the daemon is doing")
    public static let models = RPCMethod<ModelsParameters, ModelsResult>(
        name: "models", summary: "the networks in memory")
    public static let methods = RPCMethod<NoParameters, [MethodDescription]>(
        name: "methods", summary: "the ways to explain a decision, with their cost and caveats")
    public static let photos = RPCMethod<PhotosParameters, [PhotoRecord]>(
        name: "photos", summary: "the photos of the inbox and how far they are")
    public static let overview = RPCMethod<OverviewParameters, OverviewResult>(
        name: "overview", summary: "how many photos are of which kind, in all and by hour or day")
    public static let correct = RPCMethod<CorrectParameters, CorrectResult>(
        name: "correct", summary: "keep what a person says of a photo's label and box")
    public static let corrections = RPCMethod<CorrectionsParameters, CorrectionsResult>(
        name: "corrections", summary: "what people have said of photos, also as a file of labelled photos")
    public static let report = RPCMethod<ReportParameters, ReportResult>(
        name: "report", summary: "what was found, for people: one HTML file with everything in it")
    public static let metrics = RPCMethod<NoParameters, [String: Double]>(
        name: "metrics", summary: "counters and latency quantiles")
    public static let explain = RPCMethod<ExplainParameters, ExplainResult>(
        name: "explain", summary: "classify one photo and show what speaks for a class")
    public static let segment = RPCMethod<SegmentParameters, SegmentResult>(
        name: "segment", summary: "cut the object of a class out of a photo, from its saliency")
    public static let convert = RPCMethod<ConvertParameters, ConvertResult>(
        name: "convert", summary: "give a network a pooled head trained on labelled photos")
    public static let evaluate = RPCMethod<EvaluateParameters, EvaluateResult>(
        name: "evaluate", summary: "measure a network and its methods on photos whose truth is known, or not")
    public static let calibrate = RPCMethod<CalibrateParameters, CalibrateResult>(
        name: "calibrate",
        summary: "how a network's scores should be scaled so that its probabilities mean what they say")
    public static let check = RPCMethod<CheckParameters, CheckResult>(
        name: "check", summary: "what should be known of a network before its explanations are believed")
    public static let index = RPCMethod<IndexParameters, IndexResult>(
        name: "index", summary: "put every photo of a folder into the unit index")
    public static let units = RPCMethod<UnitsParameters, UnitsResult>(
        name: "units", summary: "which photos excite a unit most, and which units a photo excites most unusually")
    public static let audit = RPCMethod<AuditParameters, AuditResult>(
        name: "audit", summary: "in which ways a network decides over all photos, and what speaks against each")
    public static let neighbours = RPCMethod<NeighboursParameters, NeighboursResult>(
        name: "neighbours", summary: "the photos that a network sees most alike, and which labelled photos pull it")
    public static let concept = RPCMethod<ConceptParameters, ConceptResult>(
        name: "concept", summary: "whether a class depends on a concept that photos show")
    public static let compare = RPCMethod<CompareParameters, CompareResult>(
        name: "compare", summary: "maps of several methods or networks over one photo")
    public static let run = RPCMethod<RunParameters, RunResult>(
        name: "run", summary: "a plain forward pass over tensors")
    public static let project = RPCMethod<ProjectParameters, ProjectResult>(
        name: "project", summary: "take a unit's strongest activation back to the pixels")
    public static let visualize = RPCMethod<VisualizeParameters, VisualizeResult>(
        name: "visualize", summary: "make an image for a class or a unit by gradient ascent")
    public static let redo = RPCMethod<RedoParameters, RedoResult>(
        name: "redo", summary: "have photos of the inbox done again")
    public static let reload = RPCMethod<NoParameters, ReloadResult>(
        name: "reload", summary: "read the configuration and the folder of models again")
    public static let clean = RPCMethod<NoParameters, CleanResult>(
        name: "clean", summary: "remove sidecars of photos that are gone, and unfinished files")
    public static let doctor = RPCMethod<NoParameters, DoctorResult>(
        name: "doctor", summary: "what is well with the daemon, what is not, and what to do")
    public static let watch = RPCMethod<NoParameters, WatchResult>(
        name: "watch", summary: "send events on this connection from now on")
    public static let unwatch = RPCMethod<NoParameters, WatchResult>(
        name: "unwatch", summary: "send no more events on this connection")
    public static let cancel = RPCMethod<CancelParameters, CancelResult>(
        name: "cancel", summary: "stop a request of this connection")

    public static let all: [any RPCMethodDescription] = [
        version, status, models, methods, photos, overview, correct, corrections, report, metrics, explain, segment,
        convert,
        evaluate, calibrate, check, index, units, audit, neighbours, concept, compare, run, project, visualize, redo,
        reload, clean, doctor, watch, unwatch, cancel,
    ]

    /// The names of the notifications a daemon sends.
    public static let progressNotification = "progress"
    public static let eventNotification = "event"
    public static let fileNotification = "file"
}

/// The parameters of a method that takes none.
public struct NoParameters: RequestParameters {
    public static let memberNames: [String] = []

    public init() {}
}
