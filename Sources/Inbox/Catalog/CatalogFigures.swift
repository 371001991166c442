/// Names of the figures that the catalog keeps over restarts.
package enum CatalogFigures {
    package static let done = "photos_done_total"
    package static let overflows = "watcher_overflows_total"

    /// Upper bounds of the histograms' buckets, in milliseconds; what is above all of them is in `inf`.
    package static let bounds: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000]
    private static let bucket = "_milliseconds_bucket_"

    package static func failed(_ code: String) -> String { "photos_failed_total_\(code)" }

    /// What a photo adds to the histograms of its stages: bucket, count and sum of each.
    ///
    /// - Parameter milliseconds: by stage.
    package static func observed(_ milliseconds: [String: Double]) -> [String: Double] {
        var amounts: [String: Double] = [:]
        for (stage, value) in milliseconds where value.isFinite {
            let bound = bounds.first { value <= $0 }.map { String(Int($0)) } ?? "inf"
            amounts["\(stage)\(bucket)\(bound)"] = 1
            amounts["\(stage)_milliseconds_count"] = 1
            amounts["\(stage)_milliseconds_sum"] = value
        }
        return amounts
    }

    /// The figures with buckets that count all that is not above their bound, as Prometheus has them, and none missing.
    static func accumulated(_ figures: [String: Double]) -> [String: Double] {
        var result = figures
        for name in figures.keys where name.hasSuffix("_milliseconds_count") {
            let stage = name.dropLast("_milliseconds_count".count)
            var sum = 0.0
            for bound in bounds.map({ String(Int($0)) }) + ["inf"] {
                sum += figures["\(stage)\(bucket)\(bound)"] ?? 0
                result["\(stage)\(bucket)\(bound)"] = sum
            }
        }
        return result
    }
}
