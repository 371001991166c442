/// Milliseconds, lap by lap.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now
    private var lapStart = ContinuousClock.now

    /// Since the last lap.
    mutating func lap() -> Double {
        let now = ContinuousClock.now
        defer { lapStart = now }
        return ((now - lapStart) / .milliseconds(1)).rounded(toPlaces: 2)
    }

    var total: Double { ((ContinuousClock.now - start) / .milliseconds(1)).rounded(toPlaces: 2) }
}
