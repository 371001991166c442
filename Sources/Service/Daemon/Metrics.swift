import Execution
import Foundation
import Synchronization

/// Counters and recent latencies.
public final class Metrics: Sendable {
    private struct State {
        var photos = 0
        var requests = 0
        var requestErrors = 0
        var recent: [String: RingBuffer] = [:]
        var finished = RingBuffer()
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now

    public init() {}

    var uptime: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// A photo is done; milliseconds by step.
    func record(_ milliseconds: [String: Double]) {
        let now = uptime
        state.withLock { state in
            state.photos += 1
            state.finished.append(now)
            for (step, value) in milliseconds { state.recent[step, default: RingBuffer()].append(value) }
        }
    }

    func recordRequest(failed: Bool) {
        state.withLock { state in
            state.requests += 1
            if failed { state.requestErrors += 1 }
        }
    }

    /// Photos and requests since the start.
    var work: Int { state.withLock { $0.photos + $0.requests } }

    /// Over the last minute, or since the start where that is shorter; nil before the first photo.
    var photosPerMinute: Double? {
        let now = uptime
        return state.withLock { state in
            let recent = state.finished.values.filter { now - $0 <= 60 }
            guard !state.finished.values.isEmpty else { return nil }
            return (Double(recent.count) * 60 / min(max(now, 1), 60)).rounded(toPlaces: 1)
        }
    }

    /// Name → number: what the process and its networks have of the machine's memory.
    var memory: [String: Double] {
        [
            "resident_bytes": Double(residentBytes), "plan_bytes": Double(PlanMemory.shared.held),
            "plan_bytes_limit": Double(PlanMemory.shared.limit),
        ]
    }

    /// Name → number: ``memory``, counters, and the 50th, 90th and 99th percentile in milliseconds of the last 1,024 photos.
    var snapshot: [String: Double] {
        let memory = memory
        return state.withLock { state in
            var result = [
                "photos_total": Double(state.photos), "requests_total": Double(state.requests),
                "request_errors_total": Double(state.requestErrors), "uptime_seconds": uptime.rounded(toPlaces: 1),
            ]
            result.merge(memory) { counter, _ in counter }
            for (step, values) in state.recent {
                for percentile in [50, 90, 99] {
                    result["\(step)_milliseconds_p\(percentile)"] = values.percentile(percentile)
                }
            }
            return result
        }
    }

    /// Resident memory of this process, 0 where the kernel does not tell.
    private var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }
}

/// The last 1,024 values.
private struct RingBuffer {
    private static let capacity = 1024
    private(set) var values: [Double] = []
    private var next = 0

    mutating func append(_ value: Double) {
        if values.count < RingBuffer.capacity {
            values.append(value)
        } else {
            values[next] = value
            next = (next + 1) % RingBuffer.capacity
        }
    }

    func percentile(_ percent: Int) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }
}
