/// Divides the places that are asked about among batches, in the order in which threads take them up.
struct SweepSchedule {
    /// The groups that the grid is divided into, and behind them one of all places where there is such a one.
    let groups: [PlaceGroup]
    let division: GridDivision
    let threads: Int
    /// What a batch takes to read all weights, in processor seconds.
    let weightSeconds: Double

    /// The share of the time by groups below which batches of all places must be expected to stay to be preferred.
    private static let togetherBelow = 0.85
    /// Into how many parts a batch is divided where threads meet.
    private static let lastParts = 4

    /// The places in batches, those of one group behind each other: of the groups of the grid or of the one of all places,
    /// whichever is expected to take less time.
    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] {
        var byGroup: [Int: [WindowSweep.Place]] = [:]
        for place in places { byGroup[division.index(of: place), default: []].append(place) }
        let divided = finelyWhereThreadsMeet(
            byGroup.sorted { $0.key < $1.key }.flatMap { jobs(for: $0.value, of: $0.key, in: 1) })
        let count = division.rows.count * division.columns.count
        guard groups.count > count else { return divided }
        let together = jobs(for: places, of: count, in: threads)
        // Large batches of one more plan take longer than the costs say: they leave the caches.
        return duration(together) < Self.togetherBelow * duration(divided) ? together : divided
    }

    /// A group's places, divided evenly among at least so many batches. Batches much smaller than usual have plans of
    /// their own, for at most an eighth more places.
    private func jobs(for places: [WindowSweep.Place], of index: Int, in least: Int) -> [SweepJob] {
        let most = groups[index].mostItems
        let batches = max((places.count + most - 1) / most, min(least, places.count))
        let usual = groups[index].items
        return (0..<batches).map { batch in
            let part = places[places.count * batch / batches..<places.count * (batch + 1) / batches]
            let step = max(part.count / 8, 1)
            let isUsual = part.count <= usual && usual <= part.count + step
            let items = isUsual ? usual : (part.count + step - 1) / step * step
            return SweepJob(groupIndex: index, items: min(items, most), places: Array(part))
        }
    }

    /// The first thread goes through the batches from the front and the others from the end. Those that they come to last
    /// are divided, so that none has long to wait for the others.
    private func finelyWhereThreadsMeet(_ jobs: [SweepJob]) -> [SweepJob] {
        let seconds = jobs.map { Double($0.items) * groups[$0.groupIndex].cost }
        var rest = seconds.reduce(0, +) / Double(threads)
        let meeting = seconds.firstIndex { second in
            rest -= second
            return rest <= 0
        }
        guard threads > 1, let meeting else { return jobs }
        let last = meeting..<min(meeting + threads - 1, jobs.count)
        return jobs[..<last.lowerBound] + last.flatMap { divided(jobs[$0]) } + jobs[last.upperBound...]
    }

    private func divided(_ job: SweepJob) -> [SweepJob] {
        let items = (job.items + Self.lastParts - 1) / Self.lastParts
        guard items >= Self.lastParts else { return [job] }
        return stride(from: 0, to: job.places.count, by: items).map { first in
            let part = job.places[first..<min(first + items, job.places.count)]
            return SweepJob(groupIndex: job.groupIndex, items: items, places: Array(part))
        }
    }

    /// Seconds that the threads are expected to take, each going on with the next batch when it has done one.
    private func duration(_ jobs: [SweepJob]) -> Double {
        var busy = [Double](repeating: 0, count: threads)
        for job in jobs {
            let next = busy.indices.min { busy[$0] < busy[$1] } ?? 0
            busy[next] += Double(job.items) * groups[job.groupIndex].cost + weightSeconds
        }
        return busy.max() ?? 0
    }
}
