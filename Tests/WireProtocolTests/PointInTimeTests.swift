import Foundation
import Testing
import WireProtocol

@Suite struct PointInTimeTests {
    /// 2026-11-27 20:00 in Berlin.
    private let now = Date(timeIntervalSince1970: 1_795_806_000)
    private let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "Europe/Berlin") ?? .gmt
        return calendar
    }()

    /// Seconds before ``now``.
    private static let named: [(text: String, seconds: TimeInterval)] = [
        ("today", 72_000), ("yesterday", 158_400), ("7d", 604_800), ("30m", 1800), ("2026-11-27", 72_000),
        ("2026-11-27T19:59:00", 60), ("2026-11-27T18:00:00Z", 3600), ("2026-11-27T20:00:00+01:00", 0),
        ("2026-11-27 19:30", 1800),
    ]

    @Test(arguments: named)
    func isUnderstoodByTheClockOfThePlace(text: String, seconds: TimeInterval) {
        #expect(PointInTime.named(text, now: now, calendar: calendar) == now.addingTimeInterval(-seconds))
    }

    /// The clock was put back on 25 October: that day has 25 hours.
    @Test func yesterdayBeginsAtMidnightAlsoWhenTheClockWasChanged() {
        let monday = Date(timeIntervalSince1970: 1_792_972_800)
        #expect(
            PointInTime.named("yesterday", now: monday, calendar: calendar)
                == Date(timeIntervalSince1970: 1_792_879_200))
    }

    @Test(arguments: [
        "", "tomorrow", "7", "2026-13-01", "Yesterday at noon", "2026-11-27 18", "2026-11-27T25:00", "2026-11-27x",
    ])
    func whatIsNoTimeIsNone(text: String) {
        #expect(PointInTime.named(text, now: now, calendar: calendar) == nil)
    }
}
