import Tensors

/// [C,H,W] of an image that is worked on as plain numbers.
public struct ImageExtents: Hashable, Sendable {
    public let channels: Int
    public let height: Int
    public let width: Int

    /// - Throws: `badParameter` unless there are 1 to 64 channels of 1 to 2048 pixels either way.
    public init(channels: Int, height: Int, width: Int) throws(InterpretationError) {
        guard (1...64).contains(channels), (1...2048).contains(height), (1...2048).contains(width) else {
            throw .badParameter(
                "an image of \(channels)×\(height)×\(width) cannot be made; sides go from 1 to 2048 pixels")
        }
        self.channels = channels
        self.height = height
        self.width = width
    }

    public var planeCount: Int { height * width }
    public var count: Int { channels * height * width }
}
