import Foundation

/// Milliseconds, lap by lap.
final class Stopwatch {
    private let start = ContinuousClock.now
    private var lapStart = ContinuousClock.now

    /// Since the last lap.
    func lap() -> Double {
        let now = ContinuousClock.now
        defer { lapStart = now }
        return ((now - lapStart) / .milliseconds(1)).rounded(toPlaces: 2)
    }

    var total: Double { ((ContinuousClock.now - start) / .milliseconds(1)).rounded(toPlaces: 2) }
}
