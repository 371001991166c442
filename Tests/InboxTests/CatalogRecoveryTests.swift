import Files
import Foundation
import Inbox
import Synchronization
import Testing
import WireProtocol

/// Kills are simulated by what they leave: the catalog is left as it stands at one point of the work, closed without
/// another word, and opened by a new daemon.
@Suite("After a kill every photo is done exactly once")
struct CatalogRecoveryTests {
    enum Moment: String, CaseIterable, CustomTestStringConvertible {
        case beforeClaim, beforeWork, amongTemporaries, betweenPicturesAndBoxes, beforeCatalogCommit, afterCommit
        var testDescription: String { rawValue }
        /// Whether the work had been delivered, so that it must not be done again.
        var isDelivered: Bool { self == .beforeCatalogCommit || self == .afterCommit }
    }

    @Test("wherever the daemon was killed", arguments: Moment.allCases)
    func killed(at moment: Moment) async throws {
        let inbox = try TestFolder()
        let state = try TestFolder()
        let photo = try inbox.write("a.jpg", "the photo", age: 60)
        let result = exampleResult(for: photo, Data("the photo".utf8))
        do {
            let catalog = try Catalog(at: state.url("catalog.sqlite").path, logger: silentLogger)
            _ = try await catalog.admit([.init(path: photo, identity: identity(of: photo))])
            if moment != .beforeClaim {
                let record = try #require(try await catalog.claimNext())
                switch moment {
                case .beforeClaim, .beforeWork: break
                case .amongTemporaries: try inbox.write(".interpretd-99999999-1-1.tmp", "half")
                case .betweenPicturesAndBoxes: try SidecarWriter().write(result.sidecars.dropLast(), beside: photo)
                case .beforeCatalogCommit: try SidecarWriter().write(result.sidecars, beside: photo)
                case .afterCommit:
                    try SidecarWriter().write(result.sidecars, beside: photo)
                    try await catalog.complete(record, result.summary)
                }
            }
        }

        let processor = ScriptedProcessor()
        for _ in 0..<2 {  // the second start finds nothing left to do
            let catalog = try await reopenedCatalog(state.url("catalog.sqlite").path)
            let pipeline = PhotoPipeline(
                inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
                logger: silentLogger)
            _ = try await pipeline.processOnce()
            #expect(try await catalog.record(of: photo)?.state == .done)
        }
        #expect(processor.totalCalls == (moment.isDelivered ? 0 : 1))
        #expect(inbox.names == ["a.jpg", "a.jpg.boxes.json", "a.jpg.overlay.jpg", "a.jpg.saliency.jpg"])
        #expect(SidecarProof.verified(beside: photo) != nil)
    }

    @Test("sidecars of an older photo of that name prove nothing")
    func staleSidecars() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", "old", age: 60)
        try SidecarWriter().write(exampleResult(for: photo, Data("old".utf8)).sidecars, beside: photo)
        try inbox.write("a.jpg", "new", age: 60)
        let catalog = Catalog.inMemory()
        _ = try await catalog.admit([.init(path: photo, identity: identity(of: photo))])
        _ = try await catalog.claimNext()
        let processor = ScriptedProcessor()
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
            logger: silentLogger)
        let tally = try await pipeline.processOnce()
        #expect(tally.done == 1)
        #expect(tally.isComplete)
        #expect(SidecarProof.verified(beside: photo) != nil)
    }

    @Test("a lost catalog is rebuilt from the sidecars without work")
    func lostCatalog() async throws {
        let inbox = try TestFolder()
        for index in 0..<20 {
            let photo = try inbox.write("\(index).jpg", "photo \(index)", age: 60)
            if index % 2 == 0 {
                try SidecarWriter().write(
                    exampleResult(for: photo, Data("photo \(index)".utf8)).sidecars, beside: photo)
            }
        }
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
            logger: silentLogger)
        let tally = try await pipeline.processOnce()
        #expect(tally.adopted == 10)
        #expect(tally.done == 10)
        #expect(processor.totalCalls == 10)
        #expect(try await catalog.record(of: inbox.path("2.jpg"))?.summary?.label == "cat")
    }

    @Test("sidecars that somebody deletes while no daemon runs are made again")
    func deletedSidecars() async throws {
        let inbox = try TestFolder()
        try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        for calls in 1...2 {
            for name in inbox.names where name != "a.jpg" { try inbox.remove(name) }
            let pipeline = PhotoPipeline(
                inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
                logger: silentLogger)
            _ = try await pipeline.processOnce()
            #expect(processor.totalCalls == calls)
            #expect(inbox.names.count == 4)
        }
    }

    @Test("over whom the daemon died is done after all others and alone, and set aside only by what happens then")
    func suspects() async throws {
        let inbox = try TestFolder()
        let catalog = Catalog.inMemory()
        var suspects: [FilePath] = []
        for name in ["1.jpg", "2.jpg"] {
            let photo = try inbox.write(name, name, age: 300)
            suspects.append(photo)
            _ = try await catalog.admit([.init(path: photo, identity: identity(of: photo))])
            // However often.
            for _ in 0..<9 {
                let isSuspect = try await catalog.record(of: photo)?.isSuspect ?? false
                let record = try #require(try await catalog.claimNext(suspect: isSuspect))
                try await catalog.release(record, isSuspect: true)
            }
        }
        for index in 3...8 { try inbox.write("\(index).jpg", "\(index)", age: 60) }
        let running = Mutex<(now: Int, mostWithSuspect: Int)>((0, 0))
        let processor = ScriptedProcessor { photo in
            running.withLock { state in
                state.now += 1
                if photo.isSuspect { state.mostWithSuspect = max(state.mostWithSuspect, state.now) }
            }
            try await Task.sleep(for: .milliseconds(5))
            running.withLock { $0.now -= 1 }
            #expect(photo.isSuspect == (photo.path.name.first.map { $0 < UInt8(ascii: "3") } ?? false))
            if photo.path.name == Array("2.jpg".utf8) {
                throw PhotoFailure.permanent(code: "stops-daemon", message: "its process ended with SIGSEGV")
            }
        }
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
            logger: silentLogger)
        let tally = try await pipeline.processOnce()
        #expect(tally.done == 7 && tally.failed == 1)
        #expect(Set(processor.order.suffix(2)) == Set(suspects.map(\.string)))
        #expect(running.withLock { $0.mostWithSuspect } == 1)
        #expect(try await catalog.record(of: suspects[0])?.isSuspect == false)
        #expect(inbox.contents("2.jpg.error.json")?.contains("stops-daemon") == true)
    }

    @Test("who was computed at a death is a suspect, who waited for its turn is not", arguments: [true, false])
    func blame(isComputing: Bool) async throws {
        let inbox = try TestFolder()
        let state = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        for round in 0..<3 {
            try await die(over: photo, in: inbox, state, round: round, isComputing: isComputing)
        }

        let catalog = try Catalog(at: state.url("3.sqlite").path, logger: silentLogger)
        let left = try #require(try await catalog.record(of: photo))
        #expect(left.state == .working)
        #expect(left.isComputing == isComputing)
        #expect(left.crashes == (isComputing ? 2 : 0))
        #expect(left.attempts == 1)
        let isSuspect = Flag()
        let processor = ScriptedProcessor { if $0.isSuspect { isSuspect.set() } }
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
            logger: silentLogger)
        _ = try await pipeline.processOnce()
        #expect(try await catalog.record(of: photo)?.state == .done)
        #expect(isSuspect.isSet == isComputing)
        #expect(processor.totalCalls == 1)
    }

    @Test("a photo that is to be done again is, though its sidecars prove that it was; no old picture stays")
    func again() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        for round in 1...2 {
            let pipeline = PhotoPipeline(
                inbox: inbox.path, catalog: catalog, watcher: nil, processor: processor, configuration: .quick,
                logger: silentLogger)
            _ = try await pipeline.processOnce()
            #expect(processor.totalCalls == round)
            #expect(SidecarProof.verified(beside: photo) != nil)
            #expect(try await catalog.redo([photo]) == [true])
        }
    }

    /// A daemon whose catalog is `round`.sqlite is killed while it has the photo in hand. What a kill would leave is
    /// copied: the next daemon's catalog.
    private func die(
        over photo: FilePath, in inbox: TestFolder, _ state: TestFolder, round: Int, isComputing: Bool
    ) async throws {
        let isHanging = Flag()
        let mayEnd = Flag()
        let processor = ScriptedProcessor { photo in
            // Computing that has ended is not held against the photo.
            await photo.computing.during {}
            @Sendable func hang() async {
                isHanging.set()
                _ = await eventually { mayEnd.isSet }
            }
            if isComputing { await photo.computing.during { await hang() } } else { await hang() }
            throw PhotoFailure.transient(message: "this daemon is dead")
        }
        let catalog = try Catalog(at: state.url("\(round).sqlite").path, logger: silentLogger)
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: HandWatcher(), processor: processor, configuration: .quick,
            logger: silentLogger)
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { isHanging.isSet })
            for ending in ["", "-wal"] {
                try FileManager.default.copyItem(
                    at: state.url("\(round).sqlite\(ending)"), to: state.url("\(round + 1).sqlite\(ending)"))
            }
            mayEnd.set()
        }
    }
}
