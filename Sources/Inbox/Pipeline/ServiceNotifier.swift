/// Whom the daemon tells how it is.
public protocol ServiceNotifier: Sendable {
    /// Longest time between two calls of ``watchdog()``; `nil` where nobody watches.
    var watchdogInterval: Duration? { get }
    /// The models are loaded and the socket answers.
    func ready()
    /// A line for people.
    func status(_ text: String)
    /// The work gets on.
    func watchdog()
    /// The daemon is ending.
    func stopping()
}
