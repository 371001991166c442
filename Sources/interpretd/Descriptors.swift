import Glibc

/// The open files that the process begins with, and how many it may have.
enum Descriptors {
    /// Far more than photos, clients and networks take together.
    private static let enough: rlim_t = 65_536

    /// To be called before anything is opened.
    static func prepare() {
        // What is closed would be the next file's number, and then the log's lines would end in the catalog or a photo's
        // document. `open` gives the lowest number that is free.
        var last: Int32 = 0
        while (0...STDERR_FILENO).contains(last) { last = open("/dev/null", O_RDWR) }
        if last >= 0 { close(last) }
        // More may be had than one begins with, as a rule. Without any left, libdispatch ends the process when it counts
        // its threads, which reads a file.
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, enough))
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
