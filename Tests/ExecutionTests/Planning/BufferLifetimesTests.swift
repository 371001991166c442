import Execution
import Testing

@Suite struct BufferLifetimesTests {
    @Test func aBufferLivesFromItsFirstUseToItsLast() {
        var lifetimes = BufferLifetimes(bufferCount: 1, stepCount: 6, forwardEnd: 6)
        lifetimes.use(0, at: 3)
        lifetimes.use(0, at: 1)
        lifetimes.use(0, at: 2)
        #expect(lifetimes[0] == 1...3)
    }

    @Test func aBufferThatNoStepUsesHasNoLifetime() {
        var lifetimes = BufferLifetimes(bufferCount: 2, stepCount: 3, forwardEnd: 3)
        lifetimes.use(0, at: 0)
        #expect(lifetimes[1] == nil)
    }

    @Test func anOutputLivesBeyondTheLastStep() {
        var lifetimes = BufferLifetimes(bufferCount: 2, stepCount: 3, forwardEnd: 3)
        lifetimes.use(0, at: 1)
        lifetimes.useAtEnd(0)
        lifetimes.use(1, at: 2)
        #expect(lifetimes[0] == 1...3)
        #expect(lifetimes[1] == 2...2)
    }

    /// A network whose output is its input has no steps.
    @Test func anOutputOfNoStepsLives() {
        var lifetimes = BufferLifetimes(bufferCount: 1, stepCount: 0, forwardEnd: 0)
        lifetimes.use(0, at: 0)
        lifetimes.useAtEnd(0)
        #expect(lifetimes[0] == 0...1)
    }

    /// Steps 0 to 3 are the forward pass, 4 to 5 one walk back and 6 to 7 another.
    @Test func whatAWalkReadsOfTheForwardPassLivesToTheEnd() {
        var lifetimes = BufferLifetimes(bufferCount: 3, stepCount: 8, forwardEnd: 4)
        lifetimes.use(0, at: 1)
        lifetimes.use(0, at: 4)
        lifetimes.use(1, at: 1)
        lifetimes.use(1, at: 3)
        lifetimes.use(2, at: 4)
        lifetimes.use(2, at: 5)
        #expect(lifetimes[0] == 1...8, "the first walk may run again after the second")
        #expect(lifetimes[1] == 1...3, "no walk reads it")
        #expect(lifetimes[2] == 4...5, "the walk's own signal is made anew each time")
    }
}
