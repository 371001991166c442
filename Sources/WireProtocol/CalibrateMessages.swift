public import Foundation

/// Parameters of `calibrate`: photos whose labels are known.
public struct CalibrateParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable { case model, folder, photos, resamples, seed, charts }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Absolute path that the photos' files are below.
    public var folder: String
    public var photos: [TruePhoto]
    /// Draws of the bootstrap.
    public var resamples: Int?
    public var seed: Int?
    /// Whether to return the reliability diagram.
    public var charts: Bool?

    public init(
        model: String? = nil, folder: String, photos: [TruePhoto], resamples: Int? = nil, seed: Int? = nil,
        charts: Bool? = nil
    ) {
        self.model = model
        self.folder = folder
        self.photos = photos
        self.resamples = resamples
        self.seed = seed
        self.charts = charts
    }
}

/// What a model folder's `interpret.json` says under `calibration`: scores are multiplied and shifted before they become
/// probabilities.
public struct CalibrationRecord: Codable, Sendable, Hashable {
    /// Scores are divided by it; instead of `scale`.
    public var temperature: Double?
    /// One a class.
    public var scale: [Double]?
    /// One a class.
    public var shift: [Double]?
    /// Of the `model.onnx` that it was measured with; it does not hold for another.
    public var sha256: String
    /// How many photos it was measured on.
    public var photos: Int
    /// The expected calibration error without it, 0…1.
    public var errorBefore: Double
    /// And with it, on photos that it was not fitted to.
    public var errorAfter: Double

    private enum CodingKeys: String, CodingKey {
        case temperature, scale, shift, sha256, photos
        case errorBefore = "error_before"
        case errorAfter = "error_after"
    }

    public init(
        temperature: Double?, scale: [Double]?, shift: [Double]?, sha256: String, photos: Int, errorBefore: Double,
        errorAfter: Double
    ) {
        self.temperature = temperature
        self.scale = scale
        self.shift = shift
        self.sha256 = sha256
        self.photos = photos
        self.errorBefore = errorBefore
        self.errorAfter = errorAfter
    }
}

/// Result of `calibrate`. Nothing is written: the client puts `record` into the model folder.
public struct CalibrateResult: Codable, Sendable, Hashable {
    public var model: Sidecar.Model
    /// The model's folder.
    public var path: String
    /// Photos that count.
    public var photos: Int
    /// Photos that do not, and why; a thousand at most.
    public var skipped: [String: String]
    /// To be written as `calibration` of `interpret.json`.
    public var record: CalibrationRecord
    /// The expected calibration error as the network gives its probabilities.
    public var errorBefore: Estimate
    /// After scaling, on photos that it was not fitted to.
    public var errorAfter: Estimate
    /// Mean of −log of the true class's probability.
    public var lossBefore: Double
    public var lossAfter: Double
    /// What a reader should know.
    public var notes: [String]
    /// By file name, SVG and PNG.
    public var charts: [String: Data]?
    public var seconds: Double

    public init(
        model: Sidecar.Model, path: String, photos: Int, skipped: [String: String], record: CalibrationRecord,
        errorBefore: Estimate, errorAfter: Estimate, lossBefore: Double, lossAfter: Double, notes: [String],
        charts: [String: Data]? = nil, seconds: Double
    ) {
        self.model = model
        self.path = path
        self.photos = photos
        self.skipped = skipped
        self.record = record
        self.errorBefore = errorBefore
        self.errorAfter = errorAfter
        self.lossBefore = lossBefore
        self.lossAfter = lossAfter
        self.notes = notes
        self.charts = charts
        self.seconds = seconds
    }
}
