/// One way to compute a convolution or its vector-Jacobian product. All give the same numbers but for rounding, which is
/// coarse in eight bits.
public struct ConvolutionAlgorithm: Hashable, Sendable, CustomStringConvertible {
    public enum Method: String, Sendable, CaseIterable {
        /// Sums of products as they are written.
        case direct
        /// Fewer multiplications by transforming tiles (Lavin and Gray 2016); only 3×3 windows of stride 1.
        case winograd
        /// The same along one axis (see ``ToomCook``); only 1×k and k×1 windows of stride 1.
        case toomCook
        /// In integers of eight bits (see ``EightBitProduct``), where the processor has instructions for that.
        case eightBit
    }

    public var method: Method
    public var arrangement: Arrangement
    /// Which of the library's implementations of that, in its own order of preference.
    public var implementation: Int
    /// Backward only: a convolution of stride 1 is taken back by convolving with the weights turned by 180° and input
    /// and output channels exchanged. Forward kernels are better kept, and Winograd's keep their transformed weights.
    public var turnsWeights: Bool

    public init(
        _ method: Method, _ arrangement: Arrangement, implementation: Int = 0, turnsWeights: Bool = false
    ) {
        self.method = method
        self.arrangement = arrangement
        self.implementation = implementation
        self.turnsWeights = turnsWeights
    }

    /// What the library would do by itself.
    public static let standard = ConvolutionAlgorithm(.direct, .library)

    /// The text it is remembered by, such as "winograd/blocked/1/turned".
    public var description: String {
        "\(method.rawValue)/\(arrangement.rawValue)/\(implementation)" + (turnsWeights ? "/turned" : "")
    }

    /// Reads what `description` writes.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 || (parts.count == 4 && parts[3] == "turned"),
            let method = Method(rawValue: String(parts[0])),
            let arrangement = Arrangement(rawValue: String(parts[1])), let implementation = Int(parts[2]),
            (0..<ConvolutionAlgorithm.implementationsTried).contains(implementation)
        else { return nil }
        self.init(method, arrangement, implementation: implementation, turnsWeights: parts.count == 4)
    }

    /// How far down the library's list of implementations is looked.
    static let implementationsTried = 3

    /// Every way there is for a network whose values lie in `arrangement`, the library's own preference first.
    public static func all(in arrangement: Arrangement) -> [ConvolutionAlgorithm] {
        [false, true].flatMap { turned in
            Method.allCases.flatMap { method in
                (0..<implementationsTried).map {
                    ConvolutionAlgorithm(method, arrangement, implementation: $0, turnsWeights: turned)
                }
            }
        }
    }
}
