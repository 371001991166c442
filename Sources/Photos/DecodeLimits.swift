private import Synchronization

/// How much a file may ask for.
///
/// What bounds a photo is memory, not its size: a baseline file is decoded at a scale that serves (1/8 of 400 megapixels
/// are 6), a progressive one needs the coefficients of the whole picture whatever the scale.
public struct DecodeLimits: Hashable, Sendable {
    /// Size of the file.
    public var fileBytes = 256 << 20
    /// Declared width times height, before scaling: each pixel costs time, even where it costs no memory.
    public var pixels = 2_000_000_000
    /// Memory for the decoded pixels, after scaling.
    public var decodedBytes = 768 << 20
    /// Memory for the coefficients that libjpeg keeps of a progressive file, whatever the scale.
    public var coefficientBytes = 768 << 20
    /// Scans of a progressive file. Encoders write about 10; each walks over the whole picture.
    public var scans = 100

    public init() {}

    /// - Parameters:
    ///   - megapixels: limit of ``pixels``, in millions; `nil` for the default.
    ///   - mebibytes: limit of the memory for pixels, and of that for coefficients; `nil` for the default.
    public init(megapixels: Int?, mebibytes: Int?) {
        if let megapixels { pixels = Self.product(megapixels, 1_000_000) }
        if let mebibytes {
            decodedBytes = Self.product(mebibytes, 1 << 20)
            coefficientBytes = decodedBytes
        }
    }

    private static func product(_ count: Int, _ unit: Int) -> Int {
        let (product, overflow) = max(count, 1).multipliedReportingOverflow(by: unit)
        return overflow ? .max : product
    }

    /// What applies where nothing else is asked for: the program's configuration, set once at its start.
    public static var current: DecodeLimits {
        get { shared.withLock { $0 } }
        set { shared.withLock { $0 = newValue } }
    }

    private static let shared = Mutex(DecodeLimits())
}
