/// Photos by state.
public struct CatalogCounts: Sendable, Hashable {
    public var pending = 0
    public var working = 0
    public var done = 0
    public var failed = 0

    public init() {}

    subscript(state: PhotoState) -> Int {
        get {
            switch state {
            case .pending: pending
            case .working: working
            case .done: done
            case .failed: failed
            }
        }
        set {
            switch state {
            case .pending: pending = newValue
            case .working: working = newValue
            case .done: done = newValue
            case .failed: failed = newValue
            }
        }
    }
}
