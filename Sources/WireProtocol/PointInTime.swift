public import Foundation

/// A point in time as people write it.
public enum PointInTime {
    /// What is understood, for help and errors.
    public static let examples = "2025-06-01, 2025-06-01T09:30:00, today, yesterday, or 7d, 12h, 30m ago"

    /// - Parameters:
    ///   - text: `today` or `yesterday` (their beginning), a day (its beginning), a time of a day with or without a zone as in
    ///     ISO 8601, or an ``Age``.
    ///   - now: what ages and the names of days are counted from.
    ///   - calendar: whose clock days begin by.
    /// - Returns: nil where `text` is none of these.
    public static func named(_ text: String, now: Date = Date(), calendar: Calendar = .current) -> Date? {
        if let age = Age(text) { return now.addingTimeInterval(-age.seconds) }
        let today = calendar.startOfDay(for: now)
        if text == "today" { return today }
        if text == "yesterday" { return calendar.date(byAdding: .day, value: -1, to: today) }
        guard let parts = text.wholeMatch(of: form) else { return nil }
        let day = Date.ISO8601FormatStyle(timeZone: calendar.timeZone).year().month().day()
        guard let time = parts.time else { return try? day.parse(text) }
        let whole = "\(parts.day)T\(time)\(parts.seconds ?? ":00")"
        if let zone = parts.zone { return try? Date.ISO8601FormatStyle().parse(whole + zone) }
        return try? day.time(includingFractionalSeconds: false).parse(whole)
    }

    /// The styles themselves read what they understand and pass over the rest.
    private static var form: Regex<(Substring, day: Substring, time: Substring?, seconds: Substring?, zone: Substring?)>
    {
        /(?<day>\d{4}-\d\d-\d\d)(?:[T ](?<time>(?:[01]\d|2[0-3]):[0-5]\d)(?<seconds>:[0-5]\d)?(?<zone>Z|[+-]\d\d:?\d\d)?)?/
    }
}
