/// How the convolutions of a network are computed.
public enum AlgorithmChoice: Sendable {
    /// The library chooses: always the same bits, on the same machine.
    case standard
    /// One way is taken wherever it is possible, a direct one of the same arrangement or else the standard one elsewhere.
    case preferring(ConvolutionAlgorithm)
    /// Each layer has a way of its own, by the name of its node. Where that is not possible it is computed as by
    /// ``preferring(_:)``, and where none is named as by ``standard``.
    case byLayer([String: ConvolutionAlgorithm])
    /// Each layer is computed in the way that was fastest when it was tried here.
    case measured(AlgorithmTable)
}
