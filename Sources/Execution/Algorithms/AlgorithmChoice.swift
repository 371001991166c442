/// How the convolutions of a network are computed.
public enum AlgorithmChoice: Sendable {
    /// As the library prefers: always the same bits, on the same machine.
    case standard
    /// One way wherever it is possible, a direct one of the same arrangement or else the standard one elsewhere.
    case preferring(ConvolutionAlgorithm)
    /// Each layer in a way of its own, by the name of its node; as ``preferring(_:)`` where that is not possible, as
    /// ``standard`` where none is named.
    case byLayer([String: ConvolutionAlgorithm])
    /// What was fastest when it was tried here.
    case measured(AlgorithmTable)
}
