import Files

/// What an error while a photo was in hand means for it.
package enum WorkFailure: Sendable, Hashable {
    /// The photo is set aside until it changes.
    case permanent(code: String, message: String)
    /// The photo is tried again later.
    case transient(code: String, message: String)
    /// The daemon ends; the photo waits again, and its try does not count.
    case cancelled

    /// - Parameter attempt: 1 for the photo's first try.
    package init(_ error: any Error, attempt: Int, retry: RetryPolicy) {
        switch error {
        case PhotoFailure.permanent(let code, let message): self = .permanent(code: code, message: message)
        case PhotoFailure.transient(let message): self = .transient(code: "try-again", message: message)
        case is CancellationError: self = .cancelled
        case let error as FileError where error.isTransient || error.meansGone:
            self = .transient(code: "file-trouble", message: "\(error)")
        case let error as FileError: self = .permanent(code: "file-trouble", message: "\(error)")
        default:
            // Of unknown nature, it may pass. It is tried some times, so that it cannot go on for ever.
            self =
                attempt >= retry.attemptsForUnknownErrors
                ? .permanent(code: "internal-error", message: "\(error)")
                : .transient(code: "internal-error", message: "\(error)")
        }
    }
}
