/// Values of planes [N,C,H,W] at places that other values name.
public enum Sampling: Sendable, Hashable {
    /// Inputs x [N,C,H,W] and places [N,H′,W′,2] (x before y, −1…1 over the plane) → [N,C,H′,W′] (Jaderberg et al. 2015).
    case grid(GridSampling)
    /// Inputs x [N,C,H,W], boxes [R,4] (x and y of two corners), their items [R] → [R,C,h,w] (He et al. 2017).
    case boxes(BoxSampling)
    /// Inputs x [N,C,H,W], offsets [N,groups·kernel·2,H′,W′] (y before x), factors [N,groups·kernel,H′,W′]? →
    /// [N,C,kernel,H′,W′]: what a deformable convolution multiplies its weights with (Dai et al. 2017, Zhu et al. 2019).
    case deformed(Window, groups: Int)

    var name: String {
        switch self {
        case .grid: "grid sampling"
        case .boxes: "box sampling"
        case .deformed: "deformed windows"
        }
    }
}

public struct GridSampling: Sendable, Hashable {
    public enum Mode: Sendable, Hashable { case nearest, linear, cubic }
    public enum Outside: String, Sendable, Hashable { case zeros, border, reflection }

    public var mode: Mode
    public var outside: Outside
    /// Whether −1 and 1 are the centres of the outermost values, or their outer edges.
    public var alignsCorners: Bool

    public init(mode: Mode, outside: Outside, alignsCorners: Bool) {
        self.mode = mode
        self.outside = outside
        self.alignsCorners = alignsCorners
    }
}

public struct BoxSampling: Sendable, Hashable {
    /// h and w.
    public var height, width: Int
    /// Samples per axis of each result; 0: as many as the box has values there.
    public var samples: Int
    /// From the boxes' units to positions.
    public var scale: Float
    /// Positions count from the centres of values.
    public var isHalfPixel: Bool
    /// The largest of the samples' weighted values instead of their mean.
    public var takesMaximum: Bool

    public init(height: Int, width: Int, samples: Int, scale: Float, isHalfPixel: Bool, takesMaximum: Bool) {
        self.height = height
        self.width = width
        self.samples = samples
        self.scale = scale
        self.isHalfPixel = isHalfPixel
        self.takesMaximum = takesMaximum
    }
}
