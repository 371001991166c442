import Foundation

/// The processor time of the calling thread. What else the machine does meanwhile does not count, so measurements on a
/// busy machine come out as on an idle one. That takes computing on one thread: the second one's work is not seen.
/// Kernels of the same problem gain about as much from more threads, which is all that a comparison needs.
enum MeasuringClock {
    static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    static var seconds: Double { now / .seconds(1) }
}
