import Foundation

/// How the network's threads wait for one another.
///
/// By default libgomp's threads spin for milliseconds at each barrier. That is fine on an idle machine, and ruinous
/// where something else wants a core, a photo being decoded for example: the thread all others spin for is then not
/// running. With a short spin the waiting threads sleep instead.
enum OpenMPWaiting {
    private static let variables = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"]
    private static let setting = ("GOMP_SPINCOUNT", "2000")

    /// libgomp reads its environment while it is loaded, which is before `main`; so the program starts itself once
    /// more, in the same process, unless somebody has decided already.
    static func configure() {
        let environment = ProcessInfo.processInfo.environment
        guard variables.allSatisfy({ environment[$0] == nil }) else { return }
        setenv(setting.0, setting.1, 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        // By its own path, since that becomes the process's name. Returns only where it fails; then the program goes on
        // as it is, which is slower under load but right.
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        execv(path ?? "/proc/self/exe", arguments)
        for argument in arguments { free(argument) }
    }
}
