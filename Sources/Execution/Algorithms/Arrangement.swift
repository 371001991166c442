/// The order of the values [N,C,H,W] in memory between the layers of a network.
public enum Arrangement: String, Sendable, CaseIterable {
    /// Whatever each kernel of the library likes best by itself.
    case library
    /// N,H,W,C.
    case channelsLast
    /// N,C/16,H,W,16: blocks of channels as wide as the processor's vectors.
    case blocked
}
