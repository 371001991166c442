/// A place in the order of a list.
struct Mark: Hashable, Sendable {
    let value: Float
    let photo: UInt32

    func ranksBefore(_ other: Mark) -> Bool {
        value > other.value || (value == other.value && photo < other.photo)
    }

    /// Behind every entry.
    static let end = Mark(value: -.infinity, photo: .max)
}
