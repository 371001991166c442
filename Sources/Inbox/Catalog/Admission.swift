/// What became of a photo that was found settled.
public enum Admission: Sendable {
    /// New or changed: it waits for its turn.
    case queued
    /// Its sidecars prove that it is done.
    case adopted
    /// Known as it is.
    case known
}
