import Files
import Foundation
import Inbox
import Testing

/// Two bodies that answer every question alike, whatever was done before.
@Suite("The bodies of the catalog agree")
struct CatalogStoreTests {
    /// Xorshift (Marsaglia 2003), so that a failure can be seen again.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private func filters(at now: Date) -> [PhotoFilter] {
        [
            PhotoFilter(), PhotoFilter(state: .done, label: "cat"), PhotoFilter(verdict: "undecided"),
            PhotoFilter(probability: 0.25...0.5), PhotoFilter(margin: 0...0.25),
            PhotoFilter(changed: now.addingTimeInterval(-20)..<now.addingTimeInterval(-2)),
            PhotoFilter(isDoubtful: true), PhotoFilter(isDoubtful: false),
            PhotoFilter(judgedByOtherThan: PhotoJudge(network: "1", everything: "a")),
        ]
    }

    @Test("after any series of changes", arguments: 1...8)
    func agreement(seed: Int) async throws {
        let folder = try TestFolder()
        let bodies = try CatalogBody.allCases.map { try $0.open(in: folder) }
        var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
        var claimed: [PhotoRecord] = []
        var now = Date(timeIntervalSince1970: 1_750_000_000)
        /// Does the same to each body; the answers are to be the same.
        func both<Answer: Equatable>(_ work: (Catalog) async throws -> Answer) async throws -> Answer {
            let answers = [try await work(bodies[0]), try await work(bodies[1])]
            #expect(answers[0] == answers[1])
            return answers[0]
        }
        for step in 0..<250 {
            now += Double(Int.random(in: 0...2, using: &generator))
            let instant = now
            switch Int.random(in: 0..<12, using: &generator) {
            case 0...3:
                let photos = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    SettledPhoto(
                        // A name that is no UTF-8 among them.
                        path: FilePath(bytes: [0x2F, UInt8.random(in: 0xF8...0xFF, using: &generator)]),
                        identity: FileIdentity(
                            device: 1, inode: .max, size: Int64.random(in: 1...3, using: &generator),
                            modified: Int64.random(in: 1...3, using: &generator)))
                }
                _ = try await both { try await $0.admit(photos, at: instant) }
            case 4...6:
                let excluded = Set(claimed.map(\.path))
                let suspect = Int.random(in: 0..<3, using: &generator) == 0
                if let record = try await both({
                    try await $0.claimNext(excluding: excluded, suspect: suspect, at: instant)
                }) {
                    claimed.append(record)
                }
            case 7 where !claimed.isEmpty:
                let record = claimed[0]
                _ = try await both { try await $0.note(isComputing: step.isMultiple(of: 2), record) }
            case 8 where !claimed.isEmpty:
                let record = claimed.removeFirst()
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    let chance = Double(Int.random(in: 0...4, using: &generator)) / 4
                    let summary = PhotoSummary(
                        sha256: "\(step)", modelSHA256: step.isMultiple(of: 3) ? nil : "\(step % 2)",
                        judge: [nil, "a", "b"][step % 5 % 3],
                        label: chance > 0.3 ? "cat" : "dog", probability: chance,
                        margin: step.isMultiple(of: 5) ? nil : chance / 2,
                        verdict: step.isMultiple(of: 2) ? "undecided" : nil, isDoubtful: step.isMultiple(of: 4),
                        boxCount: step)
                    _ = try await both { try await $0.complete(record, summary, at: instant) }
                case 1:
                    _ = try await both {
                        try await $0.fail(record, code: "c", message: "\(step)", under: "\(step % 2)", at: instant)
                    }
                case 2:
                    let retry = instant.addingTimeInterval(Double(Int.random(in: 0...900, using: &generator)))
                    _ = try await both { try await $0.postpone(record, code: "c", message: "m", until: retry) }
                default: for body in bodies { try await body.release(record, isSuspect: step.isMultiple(of: 2)) }
                }
            case 9:
                let path = FilePath(bytes: [0x2F, UInt8.random(in: 0xF8...0xFF, using: &generator)])
                _ = try await both { try await $0.drop(path) }
            case 10: _ = try await both { try await $0.reconsider(under: "\(step % 2)", at: instant) }
            case 11:
                let path = FilePath(bytes: [0x2F, UInt8.random(in: 0xF8...0xFF, using: &generator)])
                _ = try await both { try await $0.redo([path], at: instant) }
            default: break
            }
            _ = try await both { try await $0.counts() }
            _ = try await both { try await $0.failures() }
            _ = try await both { try await $0.longestWait(at: instant) }
            _ = try await both { try await $0.page(after: nil, limit: 100) }
            _ = try await both { try await $0.page(after: nil, limit: 2, PhotoFilter(state: .failed)) }
            _ = try await both { try await $0.nextRetry(after: instant) }
            for filter in filters(at: instant) {
                for order in [PhotoQuery.Order.latest, .leastCertain] {
                    let query = PhotoQuery(filter, order: order, offset: step % 3, limit: 1 + step % 4)
                    _ = try await both { try await $0.photos(query) }
                }
                _ = try await both { try await $0.page(after: nil, limit: 3, filter) }
            }
            _ = try await both { try await $0.latest(3) }
            _ = try await both { try await $0.latest(3, in: .failed) }
            _ = try await both { try await $0.working() }
            _ = try await both { try await $0.page(after: FilePath(bytes: [0x2F, 0xFB]), limit: 2) }
        }
        #expect(try await bodies[0].counts() != CatalogCounts())
    }
}
