public import Foundation

/// Parameters of `visualize`: which activations to make images for, and how.
public struct VisualizeParameters: RequestParameters, Hashable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case model
        case classLabels = "classes"
        case allClasses, layer, units, position, reading, height, width, start, regularized, steps, rate, lambda, seed,
            starts, noise, diversity, jitter, rotate, scale, blur, totalVariation, fourier, optimizer, raw, images
    }

    public static let memberNames = CodingKeys.allCases.map(\.rawValue)

    /// Which of a unit's values is driven up.
    public enum Reading: String, Codable, Sendable, Hashable, CaseIterable { case mean, max }
    public enum Optimizer: String, Codable, Sendable, Hashable, CaseIterable { case gradient, adam }

    /// May be left out where one model is loaded or one is the default.
    public var model: String?
    /// Labels or indices: the score before softmax is driven up.
    public var classLabels: [String]?
    public var allClasses: Bool?
    /// By its name in `models`, or its node's; with `units`.
    public var layer: String?
    public var units: [Int]?
    /// A place of the layer's map, [row, column], instead of `reading`.
    public var position: [Int]?
    /// The unit's mean over its map where nil.
    public var reading: Reading?
    /// Of the image in pixels; what photos have where nil.
    public var height: Int?
    public var width: Int?
    /// A float32 tensor [1,C,H,W] in `.npy` format to begin with instead of noise.
    public var start: Data?
    /// Whether the settings that are left out are those that make pictures people recognise, instead of s(x) − λ‖x‖².
    public var regularized: Bool?
    public var steps: Int?
    /// Step size η.
    public var rate: Double?
    /// λ.
    public var lambda: Double?
    public var seed: Int?
    public var starts: Int?
    /// Standard deviation of the noise an image begins as.
    public var noise: Double?
    public var diversity: Double?
    /// Pixels.
    public var jitter: Int?
    /// Degrees.
    public var rotate: Double?
    /// Share.
    public var scale: Double?
    /// Pixels.
    public var blur: Double?
    public var totalVariation: Double?
    /// Moves waves and decorrelated colours instead of pixels.
    public var fourier: Bool?
    public var optimizer: Optimizer?
    /// Whether to return the images as tensors.
    public var raw: Bool?
    /// Whether to return pictures.
    public var images: Bool?

    public init(model: String? = nil) {
        self.model = model
    }
}

/// Result of `visualize`.
public struct VisualizeResult: Codable, Sendable, Hashable {
    /// The settings that were used, those left out included.
    public struct Settings: Codable, Sendable, Hashable {
        public var steps: Int
        public var lambda: Double
        public var seed: Int
        public var starts: Int
        public var noise: Double
        public var diversity: Double
        public var jitter: Int
        public var rotate: Double
        public var scale: Double
        public var blur: Double
        public var totalVariation: Double
        public var fourier: Bool
        public var optimizer: VisualizeParameters.Optimizer

        public init(
            steps: Int, lambda: Double, seed: Int, starts: Int, noise: Double, diversity: Double, jitter: Int,
            rotate: Double, scale: Double, blur: Double, totalVariation: Double, fourier: Bool,
            optimizer: VisualizeParameters.Optimizer
        ) {
            self.steps = steps
            self.lambda = lambda
            self.seed = seed
            self.starts = starts
            self.noise = noise
            self.diversity = diversity
            self.jitter = jitter
            self.rotate = rotate
            self.scale = scale
            self.blur = blur
            self.totalVariation = totalVariation
            self.fourier = fourier
            self.optimizer = optimizer
        }
    }

    /// One image made from one start.
    public struct Start: Codable, Sendable, Hashable {
        /// L before each step, under the transforms of that step.
        public var objective: [Double]
        /// s of the finished image.
        public var activation: Double
        /// s − λ‖x‖² − τ·TV of the finished image.
        public var finalObjective: Double
        /// The class's probability on the finished image, 0…1; nil for units.
        public var probability: Double?
        /// By how much the picture's contrast is stretched; 1 where its colours are those of the image.
        public var contrast: Double?
        /// The image [C,H,W], normalized as the network wants it.
        public var raw: TensorPayload?
        /// The picture alone, JPEG.
        public var image: Data?

        public init(
            objective: [Double], activation: Double, finalObjective: Double, probability: Double? = nil,
            contrast: Double? = nil, raw: TensorPayload? = nil, image: Data? = nil
        ) {
            self.objective = objective
            self.activation = activation
            self.finalObjective = finalObjective
            self.probability = probability
            self.contrast = contrast
            self.raw = raw
            self.image = image
        }
    }

    /// One activation that images were made for.
    public struct Target: Codable, Sendable, Hashable {
        public var classLabel: String?
        public var layer: String?
        public var unit: Int?
        /// Step size η that was used.
        public var rate: Double
        public var starts: [Start]

        private enum CodingKeys: String, CodingKey {
            case classLabel = "class"
            case layer, unit, rate, starts
        }

        public init(classLabel: String? = nil, layer: String? = nil, unit: Int? = nil, rate: Double, starts: [Start]) {
            self.classLabel = classLabel
            self.layer = layer
            self.unit = unit
            self.rate = rate
            self.starts = starts
        }
    }

    public var model: Sidecar.Model
    /// Of the images [C,H,W].
    public var shape: [Int]
    public var settings: Settings
    public var targets: [Target]
    /// JPEG: all images with their objective's curves.
    public var sheet: Data?
    public var seconds: Double
    public var warnings: [String]

    public init(
        model: Sidecar.Model, shape: [Int], settings: Settings, targets: [Target], sheet: Data? = nil, seconds: Double,
        warnings: [String] = []
    ) {
        self.model = model
        self.shape = shape
        self.settings = settings
        self.targets = targets
        self.sheet = sheet
        self.seconds = seconds
        self.warnings = warnings
    }
}
