import Foundation

/// Maps that know nothing of the photo: what a method has to beat. Photographers put animals in the middle.
public enum CenterBaseline: String, Sendable, CaseIterable {
    /// Cut at a threshold it is a centred box with the map's proportions, of a size that the threshold chooses.
    case box = "center-box"
    /// A Gaussian (Choe et al. 2020, §4.3); its deviation is a quarter of each side, which only the pixel measures see: its
    /// contours are the same ellipses whatever the deviation.
    case gaussian = "center-gaussian"

    /// 0…1, highest in the middle.
    public func map(width: Int, height: Int) -> NormalizedMap {
        var values = [Float](repeating: 0, count: width * height)
        for y in 0..<height {
            for x in 0..<width {
                // −1…1 from edge to edge.
                let u = (2 * Double(x) + 1) / Double(width) - 1
                let v = (2 * Double(y) + 1) / Double(height) - 1
                switch self {
                case .box: values[y * width + x] = Float(1 - max(abs(u), abs(v)))
                case .gaussian: values[y * width + x] = Float(exp(-2 * (u * u + v * v)))
                }
            }
        }
        return NormalizedMap(width: width, height: height, stretching: values)
    }
}
