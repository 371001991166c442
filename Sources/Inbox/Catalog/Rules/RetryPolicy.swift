public import Foundation

/// When a photo that failed for a passing reason is tried again.
public struct RetryPolicy: Sendable {
    /// Seconds; no wait is longer.
    static let longestDelay: TimeInterval = 300
    /// Seconds before the second try; doubled for each further one.
    public var firstDelay: TimeInterval
    /// Tries after which an error of unknown nature counts as permanent.
    public var attemptsForUnknownErrors: Int

    public init(firstDelay: TimeInterval = 2, attemptsForUnknownErrors: Int = 5) {
        self.firstDelay = firstDelay
        self.attemptsForUnknownErrors = attemptsForUnknownErrors
    }

    /// Seconds to wait after try number `attempt` failed.
    public func delay(afterAttempt attempt: Int) -> TimeInterval {
        min(firstDelay * pow(2, Double(min(max(attempt - 1, 0), 30))), RetryPolicy.longestDelay)
    }
}
