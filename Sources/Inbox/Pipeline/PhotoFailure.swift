/// Why a photo was not done.
public enum PhotoFailure: Error, Hashable, Sendable {
    /// The photo itself is at fault: it is set aside until it changes. `code` is stable and for programs
    /// (`empty-file`, `not-a-jpeg`); `message` is for people.
    case permanent(code: String, message: String)
    /// The surroundings are at fault: the photo is tried again, ever more rarely.
    case transient(message: String)
}
