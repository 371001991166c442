import Execution
import Testing

@Suite("Whose turn it is")
struct TurnSchedulerTests {
    private let start = TurnScheduler.Instant.now

    private func after(_ milliseconds: Int) -> TurnScheduler.Instant { start.advanced(by: .milliseconds(milliseconds)) }

    /// Asks in this order, a millisecond apart, while somebody has the session; answers in which order they come.
    private func order(_ asked: [Urgency]) -> [Urgency] {
        var scheduler = TurnScheduler()
        _ = scheduler.ask(.question, at: start)
        var names: [TurnScheduler.Asker: Urgency] = [:]
        for (index, urgency) in asked.enumerated() {
            let answer = scheduler.ask(urgency, at: after(index))
            #expect(!answer.begins)
            names[answer.asker] = urgency
        }
        var order: [Urgency] = []
        while let next = scheduler.release(at: after(asked.count)) { order.append(names[next] ?? .question) }
        return order
    }

    @Test func whoFindsTheSessionFreeBeginsAtOnce() {
        var scheduler = TurnScheduler()
        #expect(scheduler.ask(.longQuestion, at: start).begins)
        #expect(!scheduler.ask(.freshPhoto, at: start).begins)
    }

    @Test func theMoreUrgentComesFirst() {
        #expect(
            order([.longQuestion, .archivePhoto, .question, .freshPhoto])
                == [.freshPhoto, .question, .archivePhoto, .longQuestion])
    }

    @Test(arguments: Urgency.allCases)
    func ofEqualsTheFirstThatCame(urgency: Urgency) {
        var scheduler = TurnScheduler()
        _ = scheduler.ask(urgency, at: start)
        let asked = (0..<5).map { _ in scheduler.ask(urgency, at: start).asker }
        #expect((0..<5).map { _ in scheduler.release(at: start) } == asked)
        #expect(scheduler.release(at: start) == nil)
        #expect(!scheduler.isHeld)
    }

    /// Photos come faster than they are done, for ever; every other asker gets its turn about when its patience ends.
    @Test(arguments: [Urgency.question, .archivePhoto, .longQuestion])
    func nobodyStarves(urgency: Urgency) throws {
        var scheduler = TurnScheduler()
        _ = scheduler.ask(.freshPhoto, at: start)
        let patient = scheduler.ask(urgency, at: start).asker
        var began: Int?
        for millisecond in stride(from: 0, to: 5000, by: 10) where began == nil {
            _ = scheduler.ask(.freshPhoto, at: after(millisecond))
            _ = scheduler.ask(.freshPhoto, at: after(millisecond + 5))
            if scheduler.release(at: after(millisecond + 10)) == patient { began = millisecond }
        }
        // Of the photos, two came for each turn: those that came before its time were first.
        let patience = Int(urgency.patience / .milliseconds(1))
        #expect(try #require(began) <= 2 * patience + 20)
        #expect(try #require(began) >= patience - 10)
    }

    @Test func aLongQuestionLetsTheUrgentInAtTheNextPiece() {
        for urgent in [Urgency.freshPhoto, .question, .archivePhoto] {
            var scheduler = TurnScheduler()
            _ = scheduler.ask(.longQuestion, at: start)
            #expect(!scheduler.isWanted(at: after(10)))
            _ = scheduler.ask(urgent, at: after(10))
            #expect(scheduler.isWanted(at: after(11)))
        }
    }

    @Test func longQuestionsTakeTurnsOfAQuantum() throws {
        var scheduler = TurnScheduler()
        let first = scheduler.ask(.longQuestion, at: start).asker
        let second = scheduler.ask(.longQuestion, at: start).asker
        let quantum = Int(TurnScheduler.quantum / .milliseconds(1))
        #expect(!scheduler.isWanted(at: after(quantum - 1)))
        #expect(scheduler.isWanted(at: after(quantum + 1)))
        let answer = scheduler.passOn(at: after(quantum + 1))
        let passed = try #require(answer)
        #expect(passed.next == second)
        #expect(passed.asker != first)
        // The first waits now, and is wanted in its turn.
        #expect(!scheduler.isWanted(at: after(2 * quantum)))
        #expect(scheduler.isWanted(at: after(2 * quantum + 2)))
        #expect(scheduler.release(at: after(2 * quantum + 3)) == passed.asker)
    }

    @Test func aPhotoIsNotInterruptedByALongQuestionUntilThatIsOverdue() {
        var scheduler = TurnScheduler()
        _ = scheduler.ask(.freshPhoto, at: start)
        _ = scheduler.ask(.longQuestion, at: start)
        #expect(!scheduler.isWanted(at: after(1000)))
        #expect(scheduler.isWanted(at: after(1251)))
    }

    @Test func whoPassesOnAloneGoesOn() throws {
        var scheduler = TurnScheduler()
        _ = scheduler.ask(.longQuestion, at: start)
        let answer = scheduler.passOn(at: after(5))
        let passed = try #require(answer)
        #expect(passed.asker == passed.next)
        #expect(scheduler.isHeld)
        #expect(scheduler.waitingCount == 0)
    }
}
