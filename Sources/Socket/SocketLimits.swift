import WireProtocol

/// What one client, and all of them together, may take from the daemon.
///
/// A connection holds at most `lineBytes` of an unfinished request, the parameters of `requestsPerConnection` requests,
/// and one finished answer, or one part of a file, for each of them; all connections together hold `bytesInFlight` of
/// unfinished and unanswered requests.
public struct SocketLimits: Sendable, Hashable {
    /// Further connections get a `busy` error and are closed, unless one that is idle makes room.
    public var connections = 64
    /// Places beyond these that only administrators get, so that `status` can be asked when all others are taken.
    public var administratorConnections = 4
    /// How long a connection must have asked nothing to be dropped where places are short.
    public var idlePatience: Duration = .seconds(5)
    /// Bytes of requests, of all connections: three lines of the greatest length. A user gets half of them.
    public var bytesInFlight = 3 * WireLimits.lineBytes
    /// Bytes of passed files that requests of all connections may have in memory. A user gets half of them.
    public var passedBytesInFlight = 512 << 20
    /// Further requests of the same connection get a `busy` error.
    public var requestsPerConnection = 16
    /// Longest line, either way.
    public var lineBytes = WireLimits.lineBytes
    /// After the wish to shut down, how long requests in flight may take before they are cancelled: enough for a short
    /// question, and little of the ten seconds in which the daemon ends.
    public var shutdownGrace: Duration = .seconds(3)

    /// How often it is looked whether the socket's file is still there.
    public var fileCheckInterval: Duration = .seconds(10)

    public init() {}
}
