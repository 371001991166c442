import WireProtocol

/// What one client, and all of them together, may take from the daemon.
///
/// A connection holds at most `lineBytes` of an unfinished request, the parameters of `requestsPerConnection` requests,
/// and one finished answer, or one part of a file, for each of them.
public struct SocketLimits: Sendable, Hashable {
    /// Further connections get a `busy` error and are closed.
    public var connections = 64
    /// Further requests of the same connection get a `busy` error.
    public var requestsPerConnection = 16
    /// Longest line, either way.
    public var lineBytes = WireLimits.lineBytes
    /// After the wish to shut down, how long requests in flight may take before they are cancelled: enough for a short
    /// question, and little of the ten seconds in which the daemon ends.
    public var shutdownGrace: Duration = .seconds(3)

    public init() {}
}
