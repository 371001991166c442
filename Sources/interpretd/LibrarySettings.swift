import Foundation

/// What libraries read from the environment while they are loaded, which is before `main`.
enum LibrarySettings {
    private struct Setting {
        let name: String
        let value: String
        /// Where one of these is set, somebody has decided already.
        let decided: [String]
    }

    private static let settings = [
        // By default libgomp's threads spin for milliseconds at each barrier. That is fine on an idle machine, and ruinous
        // where something else wants a core, a photo being decoded for example: the thread all others spin for is then
        // not running. With a short spin the waiting threads sleep instead.
        Setting(
            name: "GOMP_SPINCOUNT", value: "2000", decided: ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"]),
        // By itself glibc raises the size from which a piece of memory is a mapping of its own, up to 32 MiB, once such a
        // piece was given back. Weights are read, brought into the kernels' order and let go; from then on they would
        // come out of the common heap, which keeps what it once had. A fixed size gives them back: 514 MiB became
        // 418 MiB for a gradient of resnet50, whose file has 97 MiB.
        Setting(name: "MALLOC_MMAP_THRESHOLD_", value: "1048576", decided: ["MALLOC_MMAP_THRESHOLD_"]),
        // By itself glibc gives threads up to eight heaps a core. Pieces of a photo that one thread made and another gave
        // back leave holes in all of them, more with every photo; in two the holes are filled again. Documentation/Torture.md
        // has what it was without.
        Setting(name: "MALLOC_ARENA_MAX", value: "2", decided: ["MALLOC_ARENA_MAX"]),
    ]
    /// Says that this was done, also where the system keeps a setting from the program.
    private static let mark = "INTERPRETD_LIBRARY_SETTINGS"

    /// The program starts itself once more, in the same process, with what is missing.
    static func configure() {
        let environment = ProcessInfo.processInfo.environment
        let missing = settings.filter { $0.decided.allSatisfy { environment[$0] == nil } }
        guard !missing.isEmpty, environment[mark] == nil else { return }
        setenv(mark, "done", 1)
        for setting in missing { setenv(setting.name, setting.value, 1) }
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        // By its own path, since that becomes the process's name. Returns only where it fails; then the program goes on
        // as it is, which is slower under load but right.
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        execv(path ?? "/proc/self/exe", arguments)
        for argument in arguments { free(argument) }
    }
}
