/// The line of the catalog, and of `interpretctl photos`, about a photo that is done.
public struct PhotoSummary: Sendable, Hashable {
    /// SHA-256 of the bytes that were interpreted, lower-case hexadecimal.
    public var sha256: String
    public var model: String?
    /// The best class, and its softmax probability (0…1).
    public var label: String?
    public var probability: Double?
    public var boxCount: Int
    /// Something a person should know although the photo is done, such as a truncated file.
    public var warning: String?
    /// How long the work took, from the first byte to the last picture.
    public var milliseconds: Double?

    public init(
        sha256: String, model: String? = nil, label: String? = nil, probability: Double? = nil, boxCount: Int,
        warning: String? = nil, milliseconds: Double? = nil
    ) {
        self.sha256 = sha256
        self.model = model
        self.label = label
        self.probability = probability
        self.boxCount = boxCount
        self.warning = warning
        self.milliseconds = milliseconds
    }
}
