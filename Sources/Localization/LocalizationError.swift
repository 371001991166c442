public import Interpretation

/// Why an object cannot be located or its evidence not be measured.
public enum LocalizationError: Error, CustomStringConvertible {
    case interpretation(InterpretationError)
    /// Image, map or mask do not fit one another.
    case sizeMismatch(String)
    case boxOutsideImage(PixelBox, width: Int, height: Int)
    /// The network's scores are raw numbers.
    case noProbability
    /// The map does not tell foreground from background.
    case noContrast

    public var description: String {
        switch self {
        case .interpretation(let error): "\(error)"
        case .sizeMismatch(let what): what
        case .boxOutsideImage(let box, let width, let height):
            "box \(box.x),\(box.y) \(box.width)×\(box.height) is not within the image of \(width)×\(height) pixels"
        case .noProbability: "this network gives raw numbers, so there is no probability to lose"
        case .noContrast:
            "the map has the same value nearly everywhere, so no object can be told from it; use another method or class"
        }
    }
}
