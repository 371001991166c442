/// How long may be measured while one plan is made.
final class MeasuringBudget {
    private let limit: Duration?
    private var spent = Duration.zero
    /// Whether something was left open for want of time.
    private(set) var wasRefused = false

    /// - Parameter limit: without end where nil.
    init(_ limit: Duration?) {
        self.limit = limit
    }

    func spend(_ time: Duration) { spent += time }

    /// Whether one more may be measured.
    func allowsMore() -> Bool {
        guard let limit, spent >= limit else { return true }
        wasRefused = true
        return false
    }
}
